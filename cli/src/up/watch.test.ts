import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { identify } from '../system/process.ts';
import { openRun } from './run.ts';
import { watch } from './watch.ts';

let runs = '';
let children: ChildProcess[] = [];

before(() => {
  runs = mkdtempSync(join(tmpdir(), 'hedge-watch-'));
  children = [0, 1, 2].map(() => spawn('sleep', ['60'], { stdio: 'ignore' }));
});
after(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(runs, { recursive: true, force: true });
});

test('a process that ends is told once with its log, and nothing after the end of the watch', async () => {
  const run = openRun(runs);
  const names = ['root', 'cluster', 'dockerd'];
  const processes = children.map((child, at) => {
    const id = identify(child.pid ?? 0);
    assert.ok(id);
    return { name: names[at] ?? '', ...id };
  });
  run.note({ processes });
  const said: string[] = [];
  const heard = Promise.withResolvers<void>();
  const over = new AbortController();
  const say = (text: string) => {
    said.push(text);
    if (said.length === 2) heard.resolve();
  };
  const watching = watch(run, { say, signal: over.signal, every: 5 });
  children[0]?.kill('SIGKILL');
  children[2]?.kill('SIGKILL');
  await heard.promise;
  over.abort();
  await watching;
  const [ended] = children.slice(1);
  assert.ok(ended);
  ended.kill('SIGKILL');
  await once(ended, 'exit');
  assert.equal(said.length, 2);
  assert.ok(said.some(text => text.startsWith('root ') && text.includes(`${run.dir}/root.log`)));
  assert.ok(said.some(text => text.startsWith('dockerd ') && text.includes(`${run.dir}/dockerd.log`)));
});
