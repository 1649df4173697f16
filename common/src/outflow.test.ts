import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { beforeEach, test } from 'node:test';
import { Outflow } from './outflow.ts';
import { type ManualClock, manualClock } from './testing/index.ts';

let clock: ManualClock;
let takers: (() => void)[];
let stuck: string[];
let out: Outflow<number>;

beforeEach(() => {
  clock = manualClock();
  takers = [];
  stuck = [];
  const stream = new Writable({
    objectMode: true,
    highWaterMark: 2,
    write: (_chunk, _encoding, taken) => void takers.push(() => taken()),
  });
  out = new Outflow(stream, { clock, most: 5, within: 1000, stuck: why => void stuck.push(why) });
});

async function take(): Promise<void> {
  takers.shift()?.();
  await new Promise(setImmediate);
}

test('a stream that takes one message in time is waited for', async () => {
  for (const message of [1, 2, 3, 4]) assert.equal(out.write(message), true);
  for (const _ of [1, 2, 3]) {
    clock.advance(900);
    await take();
    clock.advance(100);
  }
  assert.deepEqual(stuck, []);
});

test('a stream that takes none is given up, once', () => {
  for (const message of [1, 2, 3]) out.write(message);
  clock.advance(1000);
  assert.deepEqual(stuck, ['nothing was taken for 1 s']);
  assert.equal(out.write(4), false);
  clock.advance(5000);
  assert.equal(stuck.length, 1);
});

test('a stream in which more wait than may is given up at once', () => {
  const written = [1, 2, 3, 4, 5, 6, 7].filter(message => out.write(message));
  assert.deepEqual(written, [1, 2, 3, 4, 5]);
  assert.deepEqual(stuck, ['6 messages wait to be sent']);
});

test('a stream that has ended is nobody’s trouble', () => {
  for (const message of [1, 2, 3]) out.write(message);
  out.end();
  clock.advance(5000);
  assert.equal(out.write(4), false);
  assert.deepEqual(stuck, []);
});

test('a stream that was full and is empty again is let alone', async () => {
  for (const message of [1, 2, 3]) out.write(message);
  for (const _ of [1, 2, 3]) await take();
  clock.advance(5000);
  assert.deepEqual(stuck, []);
});
