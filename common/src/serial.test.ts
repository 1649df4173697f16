import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SerialByKey } from './serial.ts';

test('tasks of one key run one after the other, in order', async () => {
  const serial = new SerialByKey();
  const events: string[] = [];
  const task = (name: string) => async () => {
    events.push(`${name} begins`);
    await new Promise(setImmediate);
    events.push(`${name} ends`);
  };
  await Promise.all(['a', 'b', 'c'].map(name => serial.run('key', task(name))));
  assert.deepEqual(events, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('who comes when the first has ended and the second has not still waits for the second', async () => {
  const serial = new SerialByKey();
  const events: string[] = [];
  let release = () => {};
  const first = serial.run('key', async () => void events.push('first'));
  const second = serial.run('key', async () => {
    await new Promise<void>(resolve => {
      release = resolve;
    });
    events.push('second');
  });
  await first;
  await new Promise(setImmediate);
  const third = serial.run('key', async () => void events.push('third'));
  await new Promise(setImmediate);
  release();
  await Promise.all([second, third]);
  assert.deepEqual(events, ['first', 'second', 'third']);
});

test('tasks of different keys run side by side', async () => {
  const serial = new SerialByKey();
  let release = () => {};
  const held = serial.run('one', () => new Promise<void>(resolve => (release = resolve)));
  assert.equal(await serial.run('two', async () => 2), 2);
  release();
  await held;
});

test('a failing task does not stop those behind it; its own caller gets the error', async () => {
  const serial = new SerialByKey();
  const failed = serial.run('key', async () => {
    throw new Error('first');
  });
  const next = serial.run('key', async () => 'second');
  await assert.rejects(failed, /first/);
  assert.equal(await next, 'second');
});

test('idle waits for everything, also for what is added meanwhile and for what fails', async () => {
  const serial = new SerialByKey();
  const done: string[] = [];
  await serial.idle();
  const failing = serial.run('a', async () => {
    void serial.run('b', async () => void done.push('added'));
    throw new Error('no');
  });
  failing.catch(() => done.push('failed'));
  await serial.idle();
  assert.deepEqual(done.sort(), ['added', 'failed']);
});
