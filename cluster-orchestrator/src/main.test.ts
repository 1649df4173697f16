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
  data = await mkdtemp(join(tmpdir(), 'hedgerow-cluster-main-'));
});
after(() => rm(data, { recursive: true }));

function run(...flags: string[]): ChildProcess {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  // port 1 on loopback: nobody answers there
  const args = ['--data', data, '--port', '0', '--mqtt-port', '0', '--root', '127.0.0.1:1', ...flags];
  return spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
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

test('the process is there without its root, says what is missing, and ends at a signal', async t => {
  const child = run();
  t.after(() => child.kill());
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [line] = (await once(lines, 'line')) as [string];
  const { msg, url, role } = JSON.parse(line);
  assert.deepEqual([msg, role], ['ready', 'cluster']);
  const ready = await fetch(`${url}/readyz`);
  assert.deepEqual(
    [ready.status, ((await ready.json()) as { reasons: string[] }).reasons],
    [503, ['the root has not welcomed this cluster yet']],
  );
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
});

test('a flag that is not known, or a value that cannot be, is one line and code 2', async () => {
  for (const [flag, value] of [
    ['--colour', 'red'],
    ['--worker-dead-after', '5s'],
    ['--root', 'a b:c'],
  ] as const) {
    const { code, err } = await outcome(run(flag, value));
    assert.deepEqual([code, err.trim().split('\n').length], [2, 1]);
    assert.match(err, new RegExp(flag));
  }
});

test('--help names every setting', async () => {
  const { code, out } = await outcome(run('--help'));
  assert.equal(code, 0);
  for (const flag of ['name', 'root', 'root-token', 'host', 'port', 'mqtt-port', 'mqtt-url', 'data']) {
    assert.match(out, new RegExp(`--${flag}\\b`));
  }
});
