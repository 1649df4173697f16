import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { openRun } from '../up/run.ts';
import { findToken } from './token.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hedge-token-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const placeIn = () => ({ data: join(folder, 'data'), run: 'root', file: 'cluster-token' });

test('the usual data directory comes first, then a run that is up', () => {
  const runs = join(folder, 'runs');
  const dead = openRun(runs);
  const alive = openRun(runs);
  for (const { dir } of [dead, alive]) {
    mkdirSync(join(dir, 'root'));
    writeFileSync(join(dir, 'root/cluster-token'), 'x');
  }
  dead.note({ owner: { ...dead.record.owner, start: '1' } });
  const inRun = { file: join(alive.dir, 'root/cluster-token'), run: alive.id };
  assert.deepEqual(findToken(placeIn(), runs), inRun);
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'data/cluster-token'), 'y');
  assert.deepEqual(findToken(placeIn(), runs), { file: join(folder, 'data/cluster-token') });
});

test('where there is none, --data is the way out', () => {
  assert.throws(() => findToken(placeIn(), join(folder, 'runs')), /--data/);
});
