import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

let data: string;

before(async () => {
  data = await mkdtemp(join(tmpdir(), 'hedgerow-root-main-'));
});
after(() => rm(data, { recursive: true }));

function run(...flags: string[]): ChildProcess {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  return spawn(process.execPath, [main, '--data', data, '--port', '0', ...flags], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Lines before it tell of a store that is new. */
async function ready(child: ChildProcess): Promise<{ url: string; role: string }> {
  for await (const text of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const line = JSON.parse(text);
    if (line.msg === 'ready') return line;
  }
  throw new Error('it ended before it was ready');
}

async function outcome(child: ChildProcess): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  child.stdout?.on('data', chunk => {
    out += chunk;
  });
  child.stderr?.on('data', chunk => {
    err += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, out, err };
}

test('the process says when it is ready, serves, and ends at a signal', async t => {
  const child = run();
  t.after(() => child.kill());
  const ended = once(child, 'close');
  const { url, role } = await ready(child);
  assert.equal(role, 'root');
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
});

test('a start that cannot be is one clear line and code 2', async () => {
  const open = await outcome(run('--host', '0.0.0.0'));
  assert.equal(open.code, 2);
  assert.match(open.err, /^SystemManager: the root listens on 0\.0\.0\.0, .*ADMIN_PASSWORD.*\n$/);
  const unknown = await outcome(run('--colour', 'red'));
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /--colour/);
  assert.equal(unknown.err.trim().split('\n').length, 1);
});

test('--help names every setting', async () => {
  const { code, out } = await outcome(run('--help'));
  assert.equal(code, 0);
  for (const flag of ['host', 'port', 'socket', 'data', 'admin-password', 'assets', 'log-level']) {
    assert.match(out, new RegExp(`--${flag}\\b`));
  }
});
