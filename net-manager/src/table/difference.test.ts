import assert from 'node:assert/strict';
import test from 'node:test';
import type { TableEntry, TableInstance } from '@hedgerow/protos';
import { withAttachment, withoutAttachment } from '../attach/attach.ts';
import { directoryOf, entry, instance, WORKER_A, WORKER_B } from '../testing/table.ts';
import { withRegistration } from './changes.ts';
import { desiredState, type KernelState } from './desired.ts';
import { difference, isEmpty, type Observed } from './difference.ts';
import { linkName } from './names.ts';
import { EMPTY_STATE, type NetState } from './state.ts';

const JOB = 'a.b.c.d';
const LINK = linkName(JOB, 0);
const SERVICE = '10.30.30.30';

const NOTHING: Observed = {
  subnet: '',
  tunnel: null,
  links: new Map(),
  routes: new Map(),
  neighbours: new Map(),
  tunnelEnds: new Map(),
  elements: new Map(),
  size: 0,
  rules: '',
  addresses: new Set(['192.168.77.1']),
  docker: { exists: false, complete: false, handles: [] },
};

const registered = withRegistration(EMPTY_STATE, WORKER_A);
const request = { pid: 7, serviceName: JOB, instanceNumber: 0, portMappings: '8080:80' };
const attached = withAttachment(registered, request, 'boot/1');

function remote(count: number): TableInstance[] {
  return Array.from({ length: count }, (_, n) =>
    instance(WORKER_B, n + 1, `10.18.0.${66 + n}`, `10.30.0.${n + 1}`),
  );
}

interface Told {
  state: NetState;
  entries: TableEntry[];
}

function serving(instances: TableInstance[]): Told {
  return { state: attached, entries: [entry(JOB, SERVICE, instances)] };
}

function wanted(told: Told | NetState, registration = WORKER_A): KernelState {
  const { state, entries } = 'state' in told ? told : { state: told, entries: [] };
  return desiredState({
    registration,
    attachments: state.attachments,
    services: directoryOf(entries),
    networks: [],
  });
}

function step(told: Told | NetState, found: Observed) {
  return difference(wanted(told), found);
}

test('nothing to do where all is as it shall be', () => {
  for (const state of [registered, attached, serving(remote(3))]) {
    const { plan, after } = step(state, NOTHING);
    assert.ok(!isEmpty(plan));
    assert.ok(isEmpty(step(state, after).plan));
  }
});

test('an attachment costs a link, a route, a neighbour and its ports, no rules', () => {
  const { plan } = step(attached, step(registered, NOTHING).after);
  assert.deepEqual(
    plan.links.set.map(([name]) => name),
    [LINK],
  );
  assert.deepEqual(plan.routes.set, [['10.18.0.2/32', `dev ${LINK} scope link src 10.18.0.1`]]);
  assert.deepEqual(plan.neighbours.set, [[`10.18.0.2 dev ${LINK}`, '02:48:0a:12:00:02']]);
  assert.deepEqual(plan.elements.set, [['ports tcp . 8080', '10.18.0.2 . 80']]);
  assert.equal(plan.rules, null);
});

test('detaching takes link and ports, and forgets the address’s flows', () => {
  const { plan } = step(withoutAttachment(attached, request), step(attached, NOTHING).after);
  assert.deepEqual(
    plan.links.gone.map(([name]) => name),
    [LINK],
  );
  assert.deepEqual(plan.elements.gone, [['ports tcp . 8080', '10.18.0.2 . 80']]);
  assert.deepEqual(plan.left, ['10.18.0.2']);
});

test('another container of the same instance: the link is made again under the same address', () => {
  const again = withAttachment(attached, { ...request, pid: 8 }, 'boot/2');
  const { plan } = step(again, step(attached, NOTHING).after);
  assert.deepEqual(
    plan.links.stale.map(([name]) => name),
    [LINK],
  );
  assert.deepEqual(
    plan.links.set.map(([, wire]) => wire.pid),
    [8],
  );
  assert.deepEqual(
    plan.routes.set.map(([prefix]) => prefix),
    ['10.18.0.2/32'],
    'the route went with the link',
  );
  assert.deepEqual([plan.elements.set, plan.left], [[], []]);
});

test('a service that grows moves from map to map in one change and parts from nobody', () => {
  const { plan } = step(serving(remote(3)), step(serving(remote(2)), NOTHING).after);
  assert.deepEqual(
    plan.elements.gone.map(([key]) => key),
    [`ep2 ${SERVICE} . 0`, `ep2 ${SERVICE} . 1`],
  );
  assert.deepEqual(plan.elements.set, [
    [`ep3 ${SERVICE} . 0`, '10.18.0.66'],
    [`ep3 ${SERVICE} . 1`, '10.18.0.67'],
    [`ep3 ${SERVICE} . 2`, '10.18.0.68'],
    ['ep1 10.30.0.3', '10.18.0.68'],
  ]);
  assert.deepEqual([plan.parted, plan.rules], [[], null]);
});

test('a service that shrinks parts from the instance that went, by all its addresses', () => {
  const { plan } = step(serving(remote(1)), step(serving(remote(2)), NOTHING).after);
  assert.deepEqual(plan.parted, [
    [SERVICE, '10.18.0.67'],
    ['10.30.0.2', '10.18.0.67'],
  ]);
});

test('the way to a worker comes with its first instance and goes with its last', () => {
  const { plan, after } = step(serving(remote(1)), step(attached, NOTHING).after);
  assert.deepEqual(plan.routes.set, [['10.18.0.64/26', 'via 10.18.0.65 dev hedgerow onlink src 10.18.0.1']]);
  assert.deepEqual(plan.tunnelEnds.set, [['02:48:0a:12:00:41', 'dst 192.168.77.2']]);
  assert.ok(step(serving(remote(2)), after).plan.routes.set.length === 0);
  const last = step(attached, after).plan;
  assert.deepEqual([...last.routes.gone, ...last.tunnelEnds.gone].length, 2);
});

test('rules grow in powers of two, never shrink, and bring all elements with them', () => {
  const small = step(attached, NOTHING).after;
  assert.equal(small.size, 16);
  const { plan, after } = step(serving(remote(17)), small);
  assert.equal(after.size, 32);
  assert.ok(plan.rules?.some(line => line.includes('map ep32 ')));
  assert.equal(plan.elements.set.length, after.elements.size);
  assert.equal(plan.elements.gone.length, 0);
  assert.equal(step(attached, after).plan.rules, null);
});

test('rules that were touched are loaded whole', () => {
  const { after } = step(attached, NOTHING);
  const { plan } = step(attached, { ...after, rules: '' });
  assert.ok(plan.rules);
  assert.equal(plan.elements.set.length, after.elements.size);
});

test('with the tunnel go all routes and its neighbours, not the links', () => {
  const { after } = step(serving(remote(1)), NOTHING);
  const { plan } = step(serving(remote(1)), { ...after, tunnel: null });
  assert.ok(plan.tunnel.make && !plan.tunnel.remove);
  const moved = { ...WORKER_A, tunnel_port: 50104 };
  const other = difference(wanted(serving(remote(1)), moved), after).plan;
  assert.ok(other.tunnel.make && other.tunnel.remove);
  assert.equal(other.routes.set.length, after.routes.size);
  assert.deepEqual(
    other.neighbours.set.map(([key]) => key),
    ['10.18.0.65 dev hedgerow'],
  );
  assert.deepEqual(other.links.set, []);
});

test('a public address that is not on this machine is no tunnel source', () => {
  const { after } = step(registered, { ...NOTHING, addresses: new Set() });
  assert.equal(after.tunnel?.local, '');
  assert.equal(step(registered, NOTHING).after.tunnel?.local, '192.168.77.1');
});

test('Docker’s chain gets our rules once, when it is there', () => {
  const docker = { exists: true, complete: false, handles: [4] };
  const { plan, after } = step(registered, { ...NOTHING, docker });
  assert.deepEqual(plan.docker, docker);
  assert.equal(step(registered, after).plan.docker, null);
  assert.equal(step(registered, NOTHING).plan.docker, null);
});
