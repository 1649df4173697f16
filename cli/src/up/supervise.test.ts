import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { HedgerowError, isErrorOf } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import { identify } from '../system/process.ts';
import { endingOf } from './ending.ts';
import { type Part, supervise } from './supervise.ts';
import { lastWords } from './troubles.ts';

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
    ...{ name, id, log, ending: endingOf(child) },
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
    assert.match(
      error.message,
      /root has ended 6 times within a minute, the last time: it ended by SIGKILL; last output: its last words$/,
    );
    return true;
  });
});

test('so is what never becomes ready again', async () => {
  const { signal } = new AbortController();
  let tries = 0;
  const again = async (): Promise<Part> => {
    tries += 1;
    throw new HedgerowError(ERRORS.UP_FAILED, 'root ended with code 1 before it was ready:\nits log');
  };
  const part = { ...partOf('root'), again };
  kill(children.at(-1));
  await assert.rejects(
    supervise([part], { say() {}, signal, every: 1, pause: 1 }),
    /6 times within a minute, the last time: root ended with code 1 before it was ready; last output/,
  );
  assert.equal(tries, 5);
});

test('when one is given up, the others are let go at once: none is started any more, a start under way is not waited for', async () => {
  const { signal } = new AbortController();
  const hopeless = partOf('cluster', kill);
  kill(children.at(-1));
  const slow = partOf('root');
  kill(children.at(-1));
  let starts = 0;
  const again = (until: AbortSignal) =>
    new Promise<Part>((_, reject) => {
      starts += 1;
      until.addEventListener('abort', () => reject(until.reason));
    });
  const living = partOf('worker1', () => assert.fail('nobody restarts what ends in the teardown'));
  const life = children.at(-1);
  const parts = [{ ...slow, again }, living, hopeless];
  await assert.rejects(
    supervise(parts, { say() {}, signal, every: 1, pause: 1 }),
    /^HedgerowError: cluster has/,
  );
  assert.ok(life);
  const ended = once(life, 'exit');
  kill(life);
  await ended;
  await setTimeout(20);
  assert.equal(starts, 1);
});

test('a start that failed is said without the process that is long gone', async () => {
  const over = new AbortController();
  const said: string[] = [];
  let tries = 0;
  const again = async (): Promise<Part> => {
    tries += 1;
    if (tries === 2) over.abort();
    throw new HedgerowError(ERRORS.UP_FAILED, 'root ended before it was ready');
  };
  const part = { ...partOf('root'), again };
  kill(children.at(-1));
  const say = (text: string) => said.push(text);
  await supervise([part], { say, signal: over.signal, every: 1, pause: 1 });
  assert.match(said[0] ?? '', /^root \(process \d+\) has ended and is started again;/);
  assert.match(said[1] ?? '', /^root did not come back and is started again in 0\.001 s;/);
});

test('the last words of a log are its warnings and errors; of one without, its last lines', () => {
  const log = join(folder, 'words.log');
  const line = (level: number, msg: string) => `${JSON.stringify({ level, msg })}\n`;
  const calm = [1, 2, 3, 4].map(n => line(30, `line ${n}`)).join('');
  writeFileSync(log, `${line(50, 'no room')}${calm}`);
  assert.equal(lastWords(log), line(50, 'no room').trim());
  writeFileSync(log, calm);
  assert.equal(lastWords(log).split('\n').length, 3);
  assert.match(lastWords(log), /line 4"\}$/);
  assert.equal(lastWords(join(folder, 'none.log')), '(none)');
});
