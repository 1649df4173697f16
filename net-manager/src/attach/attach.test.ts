import assert from 'node:assert/strict';
import test from 'node:test';
import type { AttachRequest } from '@hedgerow/protos';
import { withRegistration } from '../table/changes.ts';
import { EMPTY_STATE, type NetState } from '../table/state.ts';
import { WORKER_A } from '../testing/table.ts';
import { withAttachment, withoutAttachment } from './attach.ts';

const registered = withRegistration(EMPTY_STATE, WORKER_A);

function request(number: number, portMappings = ''): AttachRequest {
  return { pid: 100 + number, serviceName: 'a.b.c.d', instanceNumber: number, portMappings };
}

function attach(state: NetState, number: number, ports = '', sandbox = `boot/${number}`): NetState {
  return withAttachment(state, request(number, ports), sandbox);
}

function addresses(state: NetState): string[] {
  return [...state.attachments.values()].map(({ address }) => address);
}

test('the same request changes nothing, another container keeps the address', () => {
  const once = attach(registered, 0, '80');
  assert.equal(attach(once, 0, '80'), once);
  const again = attach(once, 0, '80', 'boot/new');
  assert.notEqual(again, once);
  assert.deepEqual(addresses(again), addresses(once));
});

test('a freed address is given out last', () => {
  let state = attach(attach(registered, 0), 1);
  state = attach(withoutAttachment(state, request(0)), 2);
  assert.deepEqual(addresses(state), ['10.18.0.3', '10.18.0.4']);
  for (let number = 3; number < 62; number++) state = attach(state, number);
  assert.ok(addresses(state).includes('10.18.0.2'), 'when no other is left');
  assert.deepEqual(state.freed, []);
  assert.throws(() => attach(state, 62), { code: 'NO_ADDRESS_LEFT' });
});

test('detaching what is unknown changes nothing', () => {
  assert.equal(withoutAttachment(registered, request(0)), registered);
});

const PORTS: [what: string, mine: string, theirs: string, code: string | null][] = [
  ['same port and protocol', '8080:80', '8080:90/tcp', 'PORT_TAKEN'],
  ['one of many', '1;2;3', '9;3', 'PORT_TAKEN'],
  ['same port, other protocol', '8080:80/tcp', '8080:80/udp', null],
  ['same container port', '8080:80', '8081:80', null],
  ['the tunnel’s port', '', '50103:9/udp', 'PORT_TAKEN'],
  ['the tunnel’s number as TCP', '', '50103:9/tcp', null],
  ['twice in one request', '', '80;80', 'BAD_REQUEST'],
  ['no port', '', '80:http', 'BAD_REQUEST'],
  ['a command', '', '80:80/tcp; flush ruleset', 'BAD_REQUEST'],
];

for (const [what, mine, theirs, code] of PORTS) {
  test(`ports: ${what}`, () => {
    const state = attach(registered, 0, mine);
    if (code) assert.throws(() => attach(state, 1, theirs), { code });
    else assert.equal(attach(state, 1, theirs).attachments.size, 2);
  });
}
