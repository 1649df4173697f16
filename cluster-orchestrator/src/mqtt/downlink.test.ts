import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualClock } from '@hedgerow/common/testing';
import { DOWN } from '@hedgerow/protos';
import { recorder } from '../testing/recorder.ts';
import type { Broker } from './broker.ts';
import { Downlink } from './downlink.ts';

test('a broker that takes nothing is told of once in a while, not with every message', async () => {
  const clock = manualClock();
  const log = recorder();
  const broker = { publish: () => Promise.reject(new Error('away')) } as unknown as Broker;
  const downlink = new Downlink(() => broker, log, clock);
  for (let n = 0; n < 100; n++) assert.equal(await downlink.send(`w${n}`, DOWN.probe, {}), false);
  assert.deepEqual(
    log.lines.map(({ message }) => message),
    ['message not sent'],
  );
  clock.advance(60_000);
  assert.equal(log.lines.length, 2);
});
