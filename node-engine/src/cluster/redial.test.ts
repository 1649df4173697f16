import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { beforeEach, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { systemClock } from '@hedgerow/common';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import type { Session } from '../mqtt/session.ts';
import type { Line } from './line.ts';
import { reach, redialled } from './redial.ts';

let clock: ManualClock;
/** what the kernel says */
let line: Line | null;
let reachable: boolean;
let counts: { looks: number; dials: number; givenUp: number; said: number };
let closed: PromiseWithResolvers<void>;
let session: Session;

beforeEach(() => {
  clock = manualClock();
  [line, reachable] = [{ unacknowledged: 0, repeated: 0 }, false];
  counts = { looks: 0, dials: 0, givenUp: 0, said: 0 };
  closed = Promise.withResolvers();
  const plain: Session = {
    ends: { local: 1, remote: 2 },
    publish() {
      counts.said += 1;
    },
    async publishAcknowledged() {
      counts.said += 1;
    },
    closed: closed.promise,
    abort() {},
    end: async () => {},
  };
  session = redialled(plain, {
    ...{ clock, host: 'cluster', port: 1 },
    giveUp() {
      counts.givenUp += 1;
    },
    lineOf: async () => {
      counts.looks += 1;
      return line;
    },
    dial: async () => {
      counts.dials += 1;
      return reachable;
    },
  });
});

async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 50) {
    clock.advance(50);
    for (let turn = 0; turn < 5; turn++) await setImmediate();
  }
}
const say = () => session.publish('beat', Buffer.of(0), { qos: 0 });

test('a message that arrived is looked after once', async () => {
  say();
  await pass(5000);
  assert.deepEqual(counts, { looks: 1, dials: 0, givenUp: 0, said: 1 });
});

test('one packet that is lost gives nothing up', async () => {
  line = { unacknowledged: 47, repeated: 1 };
  await session.publishAcknowledged('beat', Buffer.of(0));
  await pass(500);
  line = { unacknowledged: 0, repeated: 0 };
  await pass(5000);
  assert.deepEqual([counts.dials, counts.givenUp], [0, 0]);
});

test('a line that hangs is given up when the cluster can be reached beside it', async () => {
  line = { unacknowledged: 47, repeated: 2 };
  say();
  await pass(2000);
  assert.ok(counts.dials >= 10, `${counts.dials} tries`);
  assert.equal(counts.givenUp, 0);
  reachable = true;
  await pass(200);
  assert.ok(counts.givenUp > 0);
});

test('a cluster that is gone is not dialled for ever, and a session that has ended not at all', async () => {
  line = { unacknowledged: 47, repeated: 5 };
  say();
  await pass(30_000);
  const { dials } = counts;
  assert.ok(dials <= 60, `${dials} tries`);
  closed.resolve();
  say();
  await pass(3000);
  assert.equal(counts.dials, dials);
});

test('a try reaches who listens', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  assert.equal(await reach({ clock: systemClock, host: '127.0.0.1', port }), true);
  server.close();
  await once(server, 'close');
  assert.equal(await reach({ clock: systemClock, host: '127.0.0.1', port }), false);
});
