import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { closeServer, listen } from '@hedgerow/common';
import { listContainers } from '../docker/containers.ts';
import { DEMO_IMAGE, hasImage } from '../docker/demo-image.ts';
import { exec } from '../system/exec.ts';
import { mountsBelow } from '../system/mounts.ts';
import { processesNaming } from '../system/process.ts';
import { ensureEngine } from './engine.ts';
import { listNamespaces } from './namespaces.ts';
import { openRun, readRuns } from './run.ts';
import { tearDown } from './teardown.ts';
import { checkPort, type UpOptions, up } from './up.ts';

const repository = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const skip = process.platform !== 'linux' || process.getuid?.() !== 0 ? 'needs root on Linux' : false;

test('Ctrl-C removes everything, also when nobody reads what is said', { skip }, async () => {
  const args = ['start', '--silent', '--', '--port', '0'];
  const child = spawn('npm', args, { cwd: repository, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  let shown = '';
  // Leaving the loop closes our end of the pipe.
  for await (const chunk of child.stdout) {
    shown += chunk;
    if (shown.includes('hedge ps')) break;
  }
  const [, dir, id] = /logs +(\S+\/(\w{4}))\/\*\.log/.exec(shown) ?? [];
  assert.ok(dir && id, shown);
  assert.match(shown, /API page +http:\/\/127\.0\.0\.1:\d+\/api\/docs/);
  assert.ok(existsSync(dir));
  for (const [command, found] of [
    ['workers', /worker1 .*live/],
    ['instances', /test\.nginx\.test .*RUNNING/],
  ] as const) {
    const [line = ''] = new RegExp(`nsenter \\S+ npx hedge ${command} .*`).exec(shown) ?? [];
    const asked = await exec('sh', ['-c', `cd '${repository}' && ${line}`]);
    assert.match(asked, found, line);
  }
  // As a terminal does: to the whole group.
  process.kill(-(child.pid ?? 0), 'SIGINT');
  await once(child, 'exit');
  assert.equal(existsSync(dir), false);
  assert.deepEqual(processesNaming(`${dir}/`), []);
  assert.deepEqual(mountsBelow(dir), []);
  assert.deepEqual(
    listNamespaces().filter(name => name.startsWith(`hedge-${id}-`)),
    [],
  );
});

describe('hedge up --check', { skip }, () => {
  const CHECK: UpOptions = { check: true, workers: 2, port: 0, docker: '', logLevel: 'info' };
  let runs = '';
  before(() => {
    runs = mkdtempSync(join(tmpdir(), 'hedge-up-'));
  });
  after(() => rmSync(runs, { recursive: true, force: true }));

  async function check(options: Partial<UpOptions>, without: string | null = null): Promise<string> {
    let said = '';
    const say = (text: string) => {
      said += text;
    };
    const { signal } = new AbortController();
    await up({ ...CHECK, runs, ...options }, { say, signal, without });
    return said;
  }

  test('leaves an engine that was there before as it was', async () => {
    const run = openRun(runs);
    try {
      const { socket } = await ensureEngine(run, '');
      const said = await check({ docker: socket });
      assert.match(said, /the one of this machine/);
      assert.match(said, /30 answered/);
      assert.deepEqual(await listContainers(socket, ''), []);
      assert.equal(await hasImage(socket, DEMO_IMAGE), false);
      assert.deepEqual(readdirSync(runs), [run.id]);
    } finally {
      await tearDown(run);
    }
  });

  test('shows root and cluster where containers cannot run', async () => {
    const said = await check({}, 'root is missing');
    assert.match(said, /cluster started: 127\.0\.0\.1/);
    assert.match(said, /Hedgerow is up/);
    assert.deepEqual(existsSync(runs) ? readdirSync(runs) : [], []);
  });

  test('starts again what dies, at the same address', async () => {
    const over = new AbortController();
    let said = '';
    const [isUp, isBack] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const say = (text: string) => {
      said += text;
      if (said.includes('Ctrl-C removes')) isUp.resolve();
      if (said.includes('is started again')) isBack.resolve();
    };
    const options = { ...CHECK, check: false, runs };
    const running = up(options, { say, signal: over.signal, without: 'root is missing' });
    await Promise.race([isUp.promise, running]);
    const [run] = readRuns(runs);
    const { pid = 0 } = run?.record.processes.find(({ name }) => name === 'root') ?? {};
    const [, url = ''] = /root started: (http:\S+)/.exec(said) ?? [];
    process.kill(pid, 'SIGKILL');
    await Promise.race([isBack.promise, running]);
    const status = () =>
      fetch(`${url}/healthz`).then(
        answer => answer.status,
        () => 0,
      );
    while ((await status()) !== 200) await setImmediate();
    over.abort();
    await running;
    assert.match(said, /root \(process \d+\) has ended and is started again; its log/);
    assert.deepEqual(existsSync(runs) ? readdirSync(runs) : [], []);
  });

  test('removes what a killed one left before it looks at the port, which that may hold', async () => {
    const script = `
      import { up } from ${JSON.stringify(new URL('./up.ts', import.meta.url).href)};
      const options = { ...${JSON.stringify(CHECK)}, check: false, runs: process.argv[1] };
      const say = text => process.stdout.write(text);
      await up(options, { say, signal: new AbortController().signal, without: 'root is missing' });`;
    const killed = spawn(process.execPath, ['--input-type=module-typescript', '-e', script, runs], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let shown = '';
    for await (const chunk of killed.stdout) {
      shown += chunk;
      if (shown.includes('hedge ps')) killed.kill('SIGKILL');
    }
    const port = Number(/root started: http:\/\/127\.0\.0\.1:(\d+)/.exec(shown)?.[1]);
    await assert.rejects(checkPort({ port, runs }), /in use.*`hedge down`/);
    let said = '';
    const say = (text: string) => {
      said += text;
    };
    // Ctrl-C at once: that it came so far is enough.
    const deps = { say, signal: AbortSignal.abort(), without: 'root is missing' };
    await assert.rejects(up({ ...CHECK, runs, port }, deps), /interrupted/);
    assert.match(said, /^removed what earlier runs left: \w{4}\n/);
    assert.deepEqual(existsSync(runs) ? readdirSync(runs) : [], []);
  });

  test('says which port is taken, and makes nothing', async () => {
    const server = createServer();
    const { port } = (await listen(server, { host: '127.0.0.1', port: 0 })) as { port: number };
    await assert.rejects(check({ port }), new RegExp(`port ${port} of 127\\.0\\.0\\.1 is in use`));
    await closeServer(server);
    assert.deepEqual(existsSync(runs) ? readdirSync(runs) : [], []);
  });
});
