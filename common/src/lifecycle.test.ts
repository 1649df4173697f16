import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { Lifecycle, startWith } from './lifecycle.ts';

test('steps are undone in reverse order, once, and everyone who asked waits for the last of them', async () => {
  const life = new Lifecycle();
  const undone: string[] = [];
  life.add('a', () => void undone.push('a'));
  life.add('b', async () => {
    await new Promise(setImmediate);
    undone.push('b');
  });
  const first = life.stop();
  await life.stop();
  assert.deepEqual(undone, ['b', 'a']);
  await first;
  await life.stop();
  assert.deepEqual(undone, ['b', 'a']);
});

test('a step that fails does not keep the others from being undone', async () => {
  const life = new Lifecycle();
  let undone = false;
  life.add('server', () => {
    undone = true;
  });
  life.add('link', () => Promise.reject(new Error('cable cut')));
  await assert.rejects(life.stop(), (error: AggregateError) => {
    assert.equal(error.errors[0].message, 'stopping link failed');
    assert.equal(error.errors[0].cause.message, 'cable cut');
    return true;
  });
  assert.equal(undone, true);
});

test('a step added while stopping is undone too; after the stop it is refused', async () => {
  const life = new Lifecycle();
  let late = false;
  life.add('a', () => {
    life.add('late', () => {
      late = true;
    });
  });
  await life.stop();
  assert.equal(late, true);
  assert.throws(() => life.add('too late', () => {}), /too late was started after the stop/);
});

test('startWith answers with the parts and their stop', async () => {
  let stopped = 0;
  const running = await startWith(async life => {
    life.add('part', () => void stopped++);
    return { url: 'http://x' };
  });
  assert.equal(running.url, 'http://x');
  await running.stop();
  assert.equal(stopped, 1);
});

test('a start that fails half way stops what had been started and throws what failed', async () => {
  let stopped = false;
  const cause = new Error('port taken');
  const start = startWith(async life => {
    life.add('store', () => {
      stopped = true;
    });
    throw cause;
  });
  await assert.rejects(start, error => error === cause);
  assert.equal(stopped, true);
});

test('a start whose undoing fails too tells both', async () => {
  const start = startWith(async life => {
    life.add('store', () => Promise.reject(new Error('disk gone')));
    throw new Error('port taken');
  });
  await assert.rejects(start, /port taken; and then: not everything could be stopped/);
});

for (const [ending, code, body] of [
  ['exit code 0 when everything stopped', 0, 'async () => console.log("stopped")'],
  ['exit code 1 when something could not be stopped', 1, '() => Promise.reject(new Error("stuck"))'],
] as const) {
  test(`a signal stops the process: ${ending}`, async () => {
    const child = runner(body);
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [code, null]);
  });
}

test('a second signal ends a process that takes too long to stop', async () => {
  const child = runner('() => new Promise(() => console.log("stopping"))');
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [130, null]);
});

function runner(stop: string) {
  const url = JSON.stringify(new URL('./lifecycle.ts', import.meta.url).href);
  const program = `import { runUntilSignal } from ${url};
    setInterval(() => {}, 1000);
    const end = runUntilSignal(Promise.resolve({ stop: ${stop} }));
    console.log('ready');
    await end;`;
  return spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}
