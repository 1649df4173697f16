import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { isStatic } from '../../cli/bin/lib/elf.js';
import { missingPackages } from './debian.mjs';
import { packagesAreCurrent } from './npm.mjs';
import { platform } from './platform.mjs';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hedge setup '));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a machine without Linux or root is told in one line what is missing and what works', () => {
  assert.deepEqual(platform('linux', 0), { containers: true, why: '' });
  for (const [machine, missing] of [
    [platform('darwin', 501), 'Linux is missing'],
    [platform('linux', 1000), 'root is missing'],
  ]) {
    assert.equal(machine.containers, false);
    assert.ok(machine.why.startsWith(missing), machine.why);
    assert.match(machine.why, /still work\.$/);
    assert.doesNotMatch(machine.why, /\n/);
  }
});

test('a program that is not in the path means its package is missing', () => {
  const programs = [
    { command: 'hedge-no-such-program', package: 'one' },
    { command: 'hedge-here', package: 'two' },
    { command: join(folder, 'gone'), package: 'three', static: true },
  ];
  assert.deepEqual(missingPackages(programs, folder), ['one', 'two', 'three']);
  writeFileSync(join(folder, 'hedge-here'), '');
  assert.deepEqual(missingPackages(programs, folder), ['one', 'two', 'three'], 'not executable');
  chmodSync(join(folder, 'hedge-here'), 0o755);
  assert.deepEqual(missingPackages(programs, folder), ['one', 'three']);
});

test('a program with an interpreter is not static', () => {
  assert.equal(isStatic(process.execPath), false);
  writeFileSync(join(folder, 'script'), '#!/bin/sh\n');
  assert.equal(isStatic(join(folder, 'script')), false);
});

function locks(wanted, installed) {
  mkdirSync(join(folder, 'node_modules/a'), { recursive: true });
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: wanted }));
  if (installed) {
    const file = join(folder, 'node_modules/.package-lock.json');
    writeFileSync(file, JSON.stringify({ packages: installed }));
  }
  return packagesAreCurrent(folder);
}

test('npm is asked only when what is installed differs from the lock file', () => {
  const a = { 'node_modules/a': { version: '1.0.0' } };
  assert.equal(locks(a), false, 'nothing installed');
  assert.equal(locks(a, a), true);
  assert.equal(locks({ '': {}, cli: {}, ...a }, a), true, 'workspaces are not installed');
  assert.equal(locks(a, { 'node_modules/a': { version: '2.0.0' } }), false);
  assert.equal(locks({ ...a, 'node_modules/b': { version: '1.0.0' } }, a), false);
  const other = { 'node_modules/b': { version: '1.0.0', optional: true } };
  assert.equal(locks({ ...a, ...other }, a), true, 'packages of other platforms');
});

test('set-up of this repository has nothing to do', () => {
  const script = new URL('../setup.mjs', import.meta.url).pathname;
  const begin = performance.now();
  const { status, stdout } = spawnSync(process.execPath, [decodeURIComponent(script)], { encoding: 'utf8' });
  assert.equal(status, 0);
  assert.equal(stdout, '');
  assert.ok(performance.now() - begin < 10_000);
});
