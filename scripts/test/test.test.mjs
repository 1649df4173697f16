import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { prepareBaseImage } from './base-image.mjs';
import { longestFirst, slowestLines } from './durations.mjs';
import { findTests } from './find.mjs';
import { runTests } from './run.mjs';
import { add, NONE, totalsLine } from './totals.mjs';

const FILES = [
  'cli/src/a.test.ts',
  'cli/src/deep/b.test.ts',
  'cli/src/a.ts',
  'test/e2e/c.test.ts',
  'dist/d.test.ts',
];
let folder = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'hedge find '));
  for (const file of FILES) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), '');
  }
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('patterns are files, folders and globs', () => {
  const all = ['cli/src/a.test.ts', 'cli/src/deep/b.test.ts', 'test/e2e/c.test.ts'];
  assert.deepEqual(findTests(folder), all);
  assert.deepEqual(findTests(folder, ['cli']), all.slice(0, 2));
  assert.deepEqual(findTests(folder, ['./cli/src/a.test.ts']), all.slice(0, 1));
  assert.deepEqual(findTests(folder, ['cli/src/*.test.ts']), all.slice(0, 1));
  assert.deepEqual(findTests(folder, ['**/*.test.ts']), all);
  assert.deepEqual(findTests(folder, ['nothing']), []);
});

test('totals add up to one line', () => {
  const sum = add({ passed: 3, failed: 1, skipped: 0 }, { passed: 2, failed: 0, skipped: 4 });
  assert.equal(totalsLine(sum), '5 passed, 1 failed, 4 skipped');
  assert.deepEqual(add(NONE, sum), sum);
});

test('files that take long begin first, the others stay in order', () => {
  const files = ['a', 'b', 'long', 'longer', 'z'];
  assert.deepEqual(longestFirst(files, ['longer', 'long', 'gone']), ['longer', 'long', 'a', 'b', 'z']);
});

test('says which files took longest', () => {
  const seconds = new Map([
    ['a.test.ts', 1.04],
    ['b.test.ts', 12.3],
    ['c.test.ts', 0.2],
  ]);
  assert.equal(slowestLines(seconds, 2), 'longest:\n    12.3 s  b.test.ts\n     1.0 s  a.test.ts\n');
  assert.equal(slowestLines(new Map()), '');
});

test('the base image is made before only for tests that import it', async () => {
  const node = '/no/such/node';
  const said = [];
  await prepareBaseImage(node, ['test/e2e/check.test.ts'], { write: line => said.push(line) });
  assert.deepEqual(said, []);
  await prepareBaseImage(node, ['test/e2e/install.test.ts'], { write: line => said.push(line) });
  assert.match(said.join(''), /^base image: .*no\/such\/node/);
});

const GROUP = { name: 'trial', concurrency: 1, testTimeout: 2000, fileTimeout: 2000 };

/** A child of a test would report to the outer runner. */
async function runIn(name, content) {
  const file = join(folder, name);
  writeFileSync(file, content);
  const script = `
    delete process.env.NODE_TEST_CONTEXT;
    const { runTests } = await import(${JSON.stringify(new URL('./run.mjs', import.meta.url).href)});
    const totals = await runTests(process.execPath, [${JSON.stringify(file)}], ${JSON.stringify(GROUP)});
    process.stderr.write('TOTALS' + JSON.stringify(totals));`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return JSON.parse(stderr.slice(stderr.lastIndexOf('TOTALS') + 6));
}

test('passed, failed and skipped tests are counted', async () => {
  assert.equal(typeof runTests, 'function');
  const totals = await runIn(
    'counts.test.mjs',
    `import { test } from 'node:test';
     test('a', () => {}); test('b', () => { throw new Error('b'); }); test('c', { skip: true }, () => {});`,
  );
  assert.deepEqual(totals, { passed: 1, failed: 1, skipped: 1 });
});

test('a file that does not end fails', async () => {
  const totals = await runIn(
    'leak.test.mjs',
    `import { test } from 'node:test'; test('a', () => { setInterval(() => {}, 1000); });`,
  );
  assert.equal(totals.failed, 1);
});
