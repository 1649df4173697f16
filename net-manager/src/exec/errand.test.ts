import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, test } from 'node:test';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import { Errand } from './errand.ts';

let clock: ManualClock;
let errand: Errand;
beforeEach(() => {
  clock = manualClock();
  errand = new Errand(clock);
});
afterEach(async () => {
  clock.advance(5000);
  await until(() => children().length === 0);
});

test('tells the outputs and the code of each program apart', async () => {
  const done = await Promise.all([
    errand.run(['cat'], 'one\ntwo'),
    errand.run(['ls', '/nowhere']),
    errand.run(['cat'], ''),
  ]);
  assert.deepEqual(done[0], { code: 0, stdout: 'one\ntwo', stderr: '' });
  assert.deepEqual([done[1]?.code, done[1]?.stdout], [2, '']);
  assert.match(done[1]?.stderr ?? '', /No such file or directory\n$/);
  assert.deepEqual(done[2], { code: 0, stdout: '', stderr: '' });
});

test('of any length', async () => {
  const text = 'é'.repeat(300_001);
  assert.equal((await errand.run(['cat'], text)).stdout, text);
});

test('nothing is evaluated', async () => {
  const { stdout } = await errand.run(['cat'], '$(touch /tmp/x) `id` * $HOME\n');
  assert.equal(stdout, '$(touch /tmp/x) `id` * $HOME\n');
  for (const word of ['a b', '$HOME', '*', ';', '"', '', 'a\nb']) {
    await assert.rejects(errand.run(['echo', word]), TypeError, word);
  }
  assert.equal((await errand.run(['echo', '-n', 'next'])).stdout, 'next');
});

test('a program that reads its input gets none', async () => {
  const [first, second] = await Promise.all([errand.run(['cat']), errand.run(['echo', 'second'])]);
  assert.deepEqual([first.stdout, second.stdout], ['', 'second\n']);
});

test('a program that is not installed is named', async () => {
  await assert.rejects(errand.run(['hedgerow-no-such-tool']), {
    code: 'TOOL_MISSING',
    message: /^hedgerow-no-such-tool is not installed/,
  });
});

test('a program that does not end is ended, and the next one runs', async () => {
  const stuck = errand.run(['sleep', '1000']);
  const next = errand.run(['echo', 'next']);
  await until(() => names().includes('sleep'));
  clock.advance(30_000);
  await assert.rejects(stuck, { code: 'KERNEL_REFUSED', message: 'sleep did not end in 30 s' });
  assert.equal((await next).stdout, 'next\n');
  assert.ok(!names().includes('sleep'));
});

test('one process starts them all, and goes when there is nothing to do', async () => {
  await errand.run(['true']);
  const [first] = children();
  await errand.run(['true']);
  assert.deepEqual(children(), [first]);
  clock.advance(4999);
  await errand.run(['true']);
  clock.advance(4999);
  assert.deepEqual(children(), [first]);
  clock.advance(1);
  await until(() => children().length === 0);
  assert.equal((await errand.run(['echo', 'again'])).stdout, 'again\n');
});

function children(of = process.pid): number[] {
  const tasks = readdirSync(`/proc/${of}/task`);
  const lists = tasks.map(task => readFileSync(`/proc/${of}/task/${task}/children`, 'utf8'));
  return lists.flatMap(list => list.split(' ').filter(Boolean).map(Number));
}

/** Of the programs that the shells run. */
function names(): string[] {
  return children()
    .flatMap(shell => children(shell))
    .map(pid => readFileSync(`/proc/${pid}/comm`, 'utf8').trim());
}

async function until(holds: () => boolean): Promise<void> {
  for (let wait = 0; !holds(); wait += 5) {
    assert.ok(wait < 5000, 'not within 5 s');
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}
