/** A root whose store was put back to an older state, and clusters that have gone on since. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type Logger, silentLogger } from '@hedgerow/common';
import { type Coordinated, coordinated } from '../clusters/testing/coordinated.ts';
import { type LinkClient, report } from '../clusters/testing/link-client.ts';
import type { Service } from '../model.ts';

const S = '10.18.0.0';
const OLD = 'a'.repeat(24);
const NEW = 'b'.repeat(24);

let root: Coordinated;
let a: LinkClient;
let service: Service | undefined;
let lines: string[];

beforeEach(async () => {
  lines = [];
  const warn = (_: object, message: string) => void lines.push(message);
  const log: Logger = { ...silentLogger, warn, child: () => log };
  root = await coordinated({ log });
  a = await root.cluster('a');
  [service] = await root.application('shop', 'web');
});
afterEach(() => root.stop());

/** An instance on the only cluster that has room. */
async function running(site: LinkClient, fields = {}) {
  const id = await root.instance(service);
  const place = await site.next('place');
  site.accept(place);
  site.report(report(place, { worker_subnet: '', namespace_ip: '', ...fields }));
  await root.becomesStatus(id, 'RUNNING');
  return { id, place };
}

async function claim(site: LinkClient, worker_id: string): Promise<string> {
  site.send({ subnet_claim: { claim_id: worker_id, worker_id } });
  return (await site.next('subnet_grant')).subnet;
}

async function back(site: LinkClient, name: string, ...args: Parameters<LinkClient['hello']>) {
  site.close();
  await site.ended;
  return root.cluster(name, ...args);
}

describe('a subnet that two clusters have', () => {
  test('is left by the one with fewer instances, to whom nobody is led from then on', async () => {
    const first = await running(a);
    const second = await running(a);
    a.aggregate({ free_memory: 0, largest_free_memory: 0, free_vcpus: 0, largest_free_vcpus: 0 });
    const b = await root.cluster('b');
    assert.equal(await claim(b, NEW), S);
    const third = await running(b, { namespace_ip: '10.18.0.2', worker_subnet: S });
    const mine = [first, second].map(({ place }, n) => report(place, { namespace_ip: `10.18.0.${n + 2}` }));
    a = await back(a, 'a', mine, { subnets: [{ worker_id: OLD, subnet: S }] });
    const told = await b.next('subnet_grant');
    assert.deepEqual([told.claim_id, told.worker_id, told.subnet], ['', NEW, '10.18.0.64']);
    const moved = await root.stored(third.id);
    assert.deepEqual([moved.status, moved.namespace_ip, moved.worker_subnet], ['RUNNING', '', '']);
    assert.equal((await root.stored(first.id)).namespace_ip, '10.18.0.2');
    // before it has heard of it
    b.report(report(third.place, { namespace_ip: '10.18.0.2', worker_subnet: S }));
    await b.settled();
    assert.equal((await root.stored(third.id)).namespace_ip, '');
    b.report(report(third.place, { namespace_ip: '10.18.0.66', worker_subnet: '10.18.0.64' }));
    await b.settled();
    assert.equal((await root.stored(third.id)).namespace_ip, '10.18.0.66');
    assert.equal(await claim(b, NEW), '10.18.0.64');
  });

  test('is left by the one who comes, when he has nothing there, or only what is removed', async () => {
    const { place } = await running(a);
    a.aggregate({ free_memory: 0, largest_free_memory: 0, free_vcpus: 0, largest_free_vcpus: 0 });
    const b = await root.cluster('b');
    await claim(b, NEW);
    const stray = report(place, { instance_number: 99 });
    a = await back(a, 'a', [report(place, { namespace_ip: '', worker_subnet: '' }), stray], {
      subnets: [{ worker_id: OLD, subnet: S }],
    });
    assert.equal((await a.next('subnet_grant')).worker_id, OLD);
    assert.equal(b.heard('subnet_grant').length, 0);
  });
});

describe('addresses that are not a cluster’s own', () => {
  test('are refused with one line: nobody is led there; the status counts', async () => {
    const b = await root.cluster('b');
    await claim(b, NEW);
    b.aggregate({ free_memory: 0, largest_free_memory: 0, free_vcpus: 0, largest_free_vcpus: 0 });
    await b.settled();
    const { id, place } = await running(a);
    const foreign = { namespace_ip: '10.18.0.2', worker_subnet: S, status_detail: 'mine' };
    for (let n = 0; n < 3; n += 1) a.report(report(place, foreign));
    a.report(report(place, { namespace_ip: '10.18.0.2', worker_subnet: '10.18.9.0', status_detail: 'odd' }));
    await a.settled();
    const stored = await root.stored(id);
    assert.deepEqual([stored.status_detail, stored.namespace_ip], ['odd', '']);
    assert.equal(lines.filter(line => line.startsWith('address refused')).length, 1);
  });

  test('nor stay in use when somebody is given the subnet', async () => {
    const { id } = await running(a, { namespace_ip: '10.18.0.2', worker_subnet: S });
    const b = await root.cluster('b');
    assert.equal(await claim(b, NEW), S);
    await b.settled();
    assert.deepEqual((await root.stored(id)).namespace_ip, '');
  });
});

test('an instance whose number was given twice gets the instance IP that is claimed for it', async () => {
  const { id, place } = await running(a);
  const { instance_ip } = await root.stored(id);
  const other = report(place, { namespace_ip: '', worker_subnet: '', instance_ip: '10.30.99.99' });
  a = await back(a, 'a', [other]);
  const sent = await a.next('place');
  assert.deepEqual([sent.instance_number, sent.instance_ip], [place.instance_number, instance_ip]);
  a.report({ ...other, instance_ip });
  await a.settled();
  assert.equal(a.heard('place').length, 0);
});

test('an instance that is not wanted any more gets no address: a Place would bring it back', async () => {
  const { id, place } = await running(a);
  await root.remove(id);
  await a.next('remove');
  a.report(report(place, { namespace_ip: '', worker_subnet: '', instance_ip: '10.30.99.99' }));
  await a.settled();
  assert.equal(a.heard('place').length, 0);
});
