import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { ROLES } from '../../cli/bin/lib/entry.js';
import { areBundlesCurrent } from './bundles.mjs';

test('bundles are current until something that they are made of is newer', t => {
  const root = mkdtempSync(join(tmpdir(), 'hedgerow-bundles-'));
  t.after(() => rmSync(root, { recursive: true }));
  const put = (path, second) => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '');
    utimesSync(file, second, second);
    for (let folder = dirname(file); folder !== root; folder = dirname(folder))
      utimesSync(folder, second, second);
  };
  put('cli/src/old/part.ts', 10);
  put('cli/src/main.ts', 10);
  put('scripts/build.ts', 10);
  assert.equal(areBundlesCurrent(root), false, 'there are none');
  for (const role of ROLES) put(`dist/${role}.mjs`, 20);
  mkdirSync(join(root, 'dist/assets'));
  assert.equal(areBundlesCurrent(root), true);
  for (const path of ['cli/src/main.ts', 'scripts/build.ts']) {
    put(path, 30);
    assert.equal(areBundlesCurrent(root), false, path);
    put(path, 10);
  }
  rmSync(join(root, 'cli/src/old/part.ts'));
  assert.equal(areBundlesCurrent(root), false, 'a source was removed');
  put('cli/src/old/part.ts', 10);
  assert.equal(areBundlesCurrent(root), true);
  rmSync(join(root, 'dist/worker.mjs'));
  assert.equal(areBundlesCurrent(root), false, 'one is missing');
});
