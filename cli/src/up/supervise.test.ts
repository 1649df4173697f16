import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { HedgerowError, isErrorOf } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import { identify } from '../system/process.ts';
import { type Part, supervise } from './supervise.ts';

let folder = '';
const children: ChildProcess[] = [];

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'hedge-supervise-'));
});
after(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** A process that lives until it is killed. @param started hears of each start after the first */
function partOf(name: string, started: (child: ChildProcess) => void = () => {}): Part {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  children.push(child);
  const id = identify(child.pid ?? 0);
  assert.ok(id);
  const log = join(folder, `${name}.log`);
  writeFileSync(log, 'its last words\n');
  return {
    ...{ name, id, log },
    async again() {
      const next = partOf(name, started);
      started(children.at(-1) as ChildProcess);
      return next;
    },
  };
}

const kill = (child: ChildProcess | undefined) => child?.kill('SIGKILL');

test('what ends is said in one line and started again, the others are left alone; nothing after the end', async () => {
  const said: string[] = [];
  const over = new AbortController();
  const [again, twice] = [Promise.withResolvers<ChildProcess>(), Promise.withResolvers<void>()];
  let starts = 0;
  const root = partOf('root', child => {
    starts += 1;
    if (starts === 1) again.resolve(child);
    else twice.resolve();
  });
  const [first] = children;
  const parts = [root, partOf('cluster', () => assert.fail('it lives'))];
  const watching = supervise(parts, {
    ...{ say: (text: string) => said.push(text), signal: over.signal, every: 5, pause: 10 },
  });
  kill(first);
  kill(await again.promise);
  await twice.promise;
  over.abort();
  await watching;
  assert.equal(said.length, 2);
  assert.match(
    said[0] ?? '',
    /^root \(process \d+\) has ended and is started again; its log: .*root\.log\n$/,
  );
  assert.match(said[1] ?? '', /is started again in 0\.01 s;/);
});

test('what dies again and again is given up, with its last words', async () => {
  const { signal } = new AbortController();
  const part = partOf('root', kill);
  kill(children.at(-1));
  await assert.rejects(supervise([part], { say() {}, signal, every: 1, pause: 1 }), error => {
    assert.ok(isErrorOf(error, ERRORS.UP_FAILED));
    assert.match(error.message, /root has ended 6 times within a minute:\nits last words/);
    return true;
  });
});

test('so is what never becomes ready again', async () => {
  const { signal } = new AbortController();
  let tries = 0;
  const again = async (): Promise<Part> => {
    tries += 1;
    throw new HedgerowError(ERRORS.UP_FAILED, 'root ended before it was ready');
  };
  const part = { ...partOf('root'), again };
  kill(children.at(-1));
  await assert.rejects(supervise([part], { say() {}, signal, every: 1, pause: 1 }), /6 times/);
  assert.equal(tries, 5);
});
