import assert from 'node:assert/strict';
import { it } from 'node:test';
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
