import assert from 'node:assert/strict';
import { it } from 'node:test';
import { manualClock } from '@hedgerow/common/testing';
import { Limiter } from './limiter.ts';

it('runs at most so many at a time, in order, and goes on after a failure', async () => {
  const limiter = new Limiter(2);
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const began: number[] = [];
  const tasks = gates.map((gate, index) =>
    limiter.run(async () => {
      began.push(index);
      await gate.promise;
    }),
  );
  const failing = assert.rejects(tasks[0] as Promise<void>, /broken/);
  await Promise.resolve();
  assert.deepEqual(began, [0, 1]);
  gates[0]?.reject(new Error('broken'));
  await failing;
  assert.deepEqual(began, [0, 1, 2]);
  for (const gate of gates.slice(1)) gate.resolve();
  await Promise.all(tasks.slice(1));
  assert.deepEqual(began, [0, 1, 2, 3, 4]);
});

it('a task that takes longer than others have patience gives its turn back, once, and goes on', async () => {
  const clock = manualClock();
  const limiter = new Limiter(1, { clock, ms: 1000 });
  const began: number[] = [];
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  const tasks = gates.map((gate, index) =>
    limiter.run(async () => {
      began.push(index);
      await gate.promise;
    }),
  );
  const turns = () => new Promise(setImmediate);
  clock.advance(999);
  await turns();
  assert.deepEqual(began, [0]);
  clock.advance(1);
  await turns();
  assert.deepEqual(began, [0, 1]);
  gates[0]?.resolve();
  await tasks[0];
  await turns();
  assert.deepEqual(began, [0, 1], 'the turn that it gave back was the last that it had');
  gates[1]?.resolve();
  await tasks[1];
  await turns();
  assert.deepEqual(began, [0, 1, 2]);
  for (const gate of gates) gate.resolve();
  await Promise.all(tasks);
  assert.deepEqual(began, [0, 1, 2, 3]);
});
