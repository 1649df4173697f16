import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { silentLogger } from '@hedgerow/common';
import { openLives } from './lives.ts';

const root = mkdtempSync(join(tmpdir(), 'hedgerow-lives-'));
after(() => rmSync(root, { recursive: true }));
const fresh = () => join(mkdtempSync(join(root, 'root-')), 'data');

test('who begins after an end knows who was there before', () => {
  const data = fresh();
  for (const [n, id] of ['one', 'two', 'three'].entries()) {
    const lives = openLives(data, silentLogger);
    assert.deepEqual([...lives.begin(id)], ['one', 'two', 'three'].slice(0, n));
    lives.close();
  }
});

test('while one is there another one knows nothing, nor in a copy of the directory', () => {
  const data = fresh();
  const first = openLives(data, silentLogger);
  first.begin('one');
  assert.equal(openLives(data, silentLogger).begin('two').size, 0);
  cpSync(data, `${data}-copy`, { recursive: true });
  assert.equal(openLives(`${data}-copy`, silentLogger).begin('three').size, 0);
  first.close();
  assert.deepEqual([...openLives(data, silentLogger).begin('four')], ['one']);
});

test('one that stands still is there, one that was killed is not', async () => {
  const data = fresh();
  const module = JSON.stringify(new URL('./lives.ts', import.meta.url).href);
  const program = `
    const { openLives } = await import(${module});
    const log = { info() {} };
    openLives(${JSON.stringify(data)}, log).begin('killed');
    console.log('ready');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGSTOP');
  assert.equal(openLives(data, silentLogger).begin('early').size, 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.deepEqual([...openLives(data, silentLogger).begin('next')], ['killed']);
});

test('a directory that cannot be written says nothing, and stops nobody', () => {
  const lives = openLives('/dev/null/data', silentLogger);
  assert.equal(lives.begin('one').size, 0);
  lives.close();
});
