import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { entryOf, flagsOf } from '../bin/lib/entry.js';

const bin = fileURLToPath(new URL('../bin/', import.meta.url));
const OLD_NODE = '/usr/bin/node';
/** Every launcher has to work under the Node that a machine has as well as under the pinned one. */
const NODES = [process.execPath, ...(existsSync(OLD_NODE) ? [OLD_NODE] : [])];

let folder = '';
before(() => {
  // Paths with spaces are what people have.
  folder = mkdtempSync(join(tmpdir(), 'hedge launchers '));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, content: string, time = 1000): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
  for (let at = join(folder, path); at !== folder; at = dirname(at)) utimesSync(at, time, time);
}

for (const node of NODES) {
  test(`launchers run their role under the pinned Node, from ${node}`, () => {
    for (const [launcher, text] of [
      ['hedge.js', /Usage: hedge/],
      ['NodeEngine.js', /NodeEngine -a <cluster address>/],
      ['NetManager.js', /NetManager/],
    ] as const) {
      const { stdout, stderr, status } = spawnSync(node, [join(bin, launcher), '--help'], {
        encoding: 'utf8',
      });
      assert.equal(status, 0, stderr);
      assert.match(stdout, text);
    }
  });

  test(`the exit code is passed on, from ${node}`, () => {
    const args = [join(bin, 'hedge.js'), '--url', 'http://127.0.0.1:9', 'clusters'];
    assert.equal(spawnSync(node, args).status, 6);
    assert.equal(spawnSync(node, [join(bin, 'hedge.js'), 'root', '--bad-flag']).status, 2);
  });

  test(`a signal reaches the role, from ${node}`, async t => {
    const data = join(folder, 'root');
    const args = [join(bin, 'hedge.js'), 'root', '--port', '0', '--data', data];
    const child = spawn(node, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    // What a failed test leaves running would hold the runner's output open. SIGTERM reaches the role, SIGKILL would not.
    t.after(() => child.kill('SIGTERM'));
    const url = await readyUrl(child.stdout);
    // An answer, because a role handles signals only from just after it said that it is ready.
    assert.equal((await fetch(`${url}/api/clusters/`)).status, 200);
    child.kill('SIGTERM');
    const [code, signal] = await once(child, 'exit');
    assert.deepEqual([code, signal], [0, null]);
  });
}

test('processes that stay get flags for a small heap, the others start fast', () => {
  assert.deepEqual(flagsOf('worker', []), ['--optimize-for-size', '--max-semi-space-size=1']);
  assert.deepEqual(flagsOf('hedge', ['up']), ['--optimize-for-size', '--max-semi-space-size=1']);
  assert.deepEqual(flagsOf('hedge', ['ps']), []);
});

test('a bundle is used when no source is newer', () => {
  put('cli/src/worker/main.ts', '');
  assert.equal(entryOf('worker', 'newest', folder), join(folder, 'cli/src/worker/main.ts'));
  put('dist/worker.mjs', '', 2000);
  assert.equal(entryOf('worker', 'newest', folder), join(folder, 'dist/worker.mjs'));
  put('common/src/deep/below.ts', '', 3000);
  assert.equal(entryOf('worker', 'newest', folder), join(folder, 'cli/src/worker/main.ts'));
  assert.equal(entryOf('worker', 'bundle', folder), join(folder, 'dist/worker.mjs'));
  rmSync(join(folder, 'cli'), { recursive: true });
  assert.equal(entryOf('worker', 'newest', folder), join(folder, 'dist/worker.mjs'));
});

async function readyUrl(output: Readable): Promise<string> {
  for await (const line of createInterface(output)) {
    const { msg, url } = JSON.parse(line) as { msg: string; url: string };
    if (msg === 'ready') return url;
  }
  throw new Error('the role ended before it was ready');
}
