import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hasEnded, ownProcess } from './process.ts';

const skip = process.platform === 'linux' ? false : 'needs /proc';

/** A process that says who it is. */
async function another() {
  const module = JSON.stringify(new URL('./process.ts', import.meta.url).href);
  const program = `
    const { ownProcess } = await import(${module});
    console.log(ownProcess());
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  return { child, name: String(line).trim() };
}

test('one that runs or stands still has not ended, one that was killed has', { skip }, async () => {
  const { child, name } = await another();
  assert.equal(hasEnded(name), false);
  child.kill('SIGSTOP');
  assert.equal(hasEnded(name), false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(hasEnded(name), true);
});

test('one that nobody has waited for has ended, though it has its number', { skip }, async () => {
  // a shell that becomes a program which never asks for its children
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(parent.stdout, 'data');
  const pid = Number(String(line).trim());
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [, start] = /\) (?:\S+ ){19}(\d+)/.exec(stat) ?? [];
  const name = [...ownProcess().split(' ').slice(0, -2), pid, start].join(' ');
  assert.equal(hasEnded(name), false);
  process.kill(pid, 'SIGKILL');
  while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) await new Promise(setImmediate);
  assert.equal(hasEnded(name), true);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
});

test('a number that is another process’s by now was of one that has ended', { skip }, () => {
  const own = ownProcess().split(' ');
  assert.equal(hasEnded(own.join(' ')), false);
  assert.equal(hasEnded([...own.slice(0, -1), '1'].join(' ')), true);
});

test('of another machine, another container, or nobody nothing is known', { skip }, () => {
  const [boot = '', pids = '', times = '', , start = ''] = ownProcess().split(' ');
  const gone = '4194305';
  assert.equal(hasEnded([boot, pids, times, gone, start].join(' ')), true, 'here it would be');
  for (const name of [
    '',
    'x',
    [boot, pids, times, '0', start].join(' '),
    [boot, pids, times, '-1', start].join(' '),
    ['another', pids, times, gone, start].join(' '),
    [boot, 'pid:[1]', times, gone, start].join(' '),
    [boot, pids, 'time:[1]', gone, start].join(' '),
  ])
    assert.equal(hasEnded(name), false, name);
});
