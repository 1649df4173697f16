import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { manualClock } from './testing/manual-clock.ts';
import { Turns } from './turns.ts';

const refuse = () => new Error('too many');

function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, open: resolve };
}

test('so many run at once, the others in the order in which they came', async () => {
  const turns = new Turns({ atOnce: 2, waiting: 3, refuse });
  const gates = [gate(), gate(), gate(), gate()];
  const begun: number[] = [];
  const all = gates.map(({ promise }, index) =>
    turns.run(async () => {
      begun.push(index);
      await promise;
    }),
  );
  await setImmediate();
  assert.deepEqual(begun, [0, 1]);
  gates[1]?.open();
  await setImmediate();
  assert.deepEqual(begun, [0, 1, 2]);
  for (const { open } of gates) open();
  await Promise.all(all);
  assert.deepEqual(begun, [0, 1, 2, 3]);
});

test('what would wait too long is refused; a task that fails gives its turn on', async () => {
  const turns = new Turns({ atOnce: 1, waiting: 1, refuse });
  const first = gate();
  const running = turns.run(() => first.promise.then(() => Promise.reject(new Error('failed'))));
  const waiting = turns.run(async () => 'second');
  await assert.rejects(
    turns.run(async () => 'third'),
    /too many/,
  );
  first.open();
  await assert.rejects(running, /failed/);
  assert.equal(await waiting, 'second');
  assert.equal(await turns.run(async () => 'fourth'), 'fourth');
});

test('who has waited for too long is refused, and its place is free', async () => {
  const clock = manualClock();
  const turns = new Turns({ atOnce: 1, waiting: 1, refuse, patience: { clock, ms: 1000 } });
  const first = gate();
  const running = turns.run(() => first.promise);
  const late = turns.run(async () => 'late');
  clock.advance(1000);
  await assert.rejects(late, /too many/);
  const next = turns.run(async () => 'next');
  assert.deepEqual([turns.running, turns.waiting], [1, 1]);
  first.open();
  await running;
  assert.equal(await next, 'next');
  clock.advance(1000);
  assert.deepEqual([turns.running, turns.waiting], [0, 0]);
});
