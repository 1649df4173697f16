import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { every, pause, systemClock } from './clock.ts';
import { manualClock } from './testing/manual-clock.ts';

test('the system clock calls back after its time, and not at all when cancelled', async () => {
  const begin = systemClock.monotonic();
  const alive = setInterval(() => {}, 1000);
  await new Promise<void>((resolve, reject) => {
    const cancel = systemClock.after(1, () => reject(new Error('was cancelled')));
    cancel();
    systemClock.after(10, resolve);
  });
  clearInterval(alive);
  assert.ok(systemClock.monotonic() - begin >= 9);
  assert.ok(Math.abs(systemClock.now() - Date.now()) < 1000);
});

test('every: one call per period until cancelled', () => {
  const clock = manualClock();
  let calls = 0;
  const cancel = every(clock, 100, () => void calls++);
  clock.advance(99);
  assert.equal(calls, 0);
  clock.advance(201);
  assert.equal(calls, 3);
  cancel();
  clock.advance(1000);
  assert.equal(calls, 3);
});

test('every: the period begins when the turn has ended', async () => {
  const clock = manualClock();
  const turns: (() => void)[] = [];
  const cancel = every(clock, 100, () => new Promise<void>(resolve => turns.push(resolve)));
  clock.advance(1000);
  assert.equal(turns.length, 1);
  turns[0]?.();
  await settled();
  clock.advance(99);
  assert.equal(turns.length, 1);
  clock.advance(1);
  assert.equal(turns.length, 2);
  cancel();
  turns[1]?.();
  await settled();
  clock.advance(1000);
  assert.equal(turns.length, 2);
});

for (const [way, fail] of [
  ['throws', () => assert.fail('turn failed')],
  ['rejects', () => Promise.reject(new Error('turn failed'))],
] as const) {
  test(`every: a turn that ${way} is told of and does not end the loop`, async () => {
    const clock = manualClock();
    const errors: unknown[] = [];
    every(clock, 100, fail, error => errors.push(error));
    for (let turn = 1; turn <= 3; turn++) {
      clock.advance(100);
      await settled();
      assert.equal(errors.length, turn);
    }
    assert.match(String(errors[0]), /turn failed/);
  });
}

test('every: without a handler the error is uncaught and ends the thread', async () => {
  const worker = new Worker(
    `const { every } = await import(${JSON.stringify(new URL('./clock.ts', import.meta.url).href)});
     const clock = { now: () => 0, monotonic: () => 0, after: (ms, call) => { setTimeout(call, ms); return () => {}; } };
     every(clock, 1, async () => { throw new Error('nobody listens'); });`,
    { eval: true, stderr: true },
  );
  const [error] = await once(worker, 'error');
  assert.match(String(error), /nobody listens/);
});

test('a pause is over when its time is, or when it is ended', async () => {
  const clock = manualClock();
  const [whole, short] = [pause(clock, 1000), pause(clock, 1000)];
  short.end();
  await short.over;
  assert.equal(
    await Promise.race([whole.over.then(() => 'over'), settled().then(() => 'not yet')]),
    'not yet',
  );
  clock.advance(1000);
  await whole.over;
});

function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
