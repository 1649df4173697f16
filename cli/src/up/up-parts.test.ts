import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { execIn } from '../docker/containers.ts';
import { DEMO_IMAGE, ensureDemoImage, hasImage } from '../docker/demo-image.ts';
import { docker, dockerJson } from '../docker/http.ts';
import { exec } from '../system/exec.ts';
import { mountsBelow } from '../system/mounts.ts';
import { isAlive, processesNaming } from '../system/process.ts';
import { type Engine, ensureEngine } from './engine.ts';
import { createMachines, inNamespace, listNamespaces } from './namespaces.ts';
import { openRun, type Run, readRuns } from './run.ts';
import { sweep, tearDown } from './teardown.ts';

const skip = process.platform !== 'linux' || process.getuid?.() !== 0 ? 'needs root on Linux' : false;

let runs = '';
before(() => {
  runs = mkdtempSync(join(tmpdir(), 'hedge-runs-'));
});
after(() => rmSync(runs, { recursive: true, force: true }));

const links = async () => (await exec('ip', ['-o', 'link'])).split('\n').map(line => line.split(':')[1]);
const namespacesOf = (run: Run) => listNamespaces().filter(name => name.includes(`-${run.id}-`));

describe('namespaces', { skip }, () => {
  test('machines reach each other, nothing is added to the own namespace, and all of it goes', async () => {
    const before = await links();
    const run = openRun(runs);
    try {
      const [one, two] = await createMachines(run, ['cluster', 'worker1']);
      assert.ok(one && two);
      const ping = ['/bin/busybox', 'ping', '-c', '1', '-W', '2', one.address];
      assert.match(await exec(...inNamespace(two.namespace, ping)), /1 packets received/);
      assert.equal(namespacesOf(run).length, 3);
      assert.deepEqual(await links(), before);
    } finally {
      await tearDown(run);
    }
    assert.deepEqual(namespacesOf(run), []);
    assert.equal(existsSync(run.dir), false);
    await tearDown(run);
  });
});

test('an engine that was named and does not answer is not replaced by an own one', { skip }, async () => {
  const run = openRun(runs);
  try {
    await assert.rejects(ensureEngine(run, '/no/such.sock'), /no Docker Engine answers at \/no\/such\.sock/);
    assert.deepEqual(run.record.processes, []);
  } finally {
    await tearDown(run);
  }
});

describe('engine', { skip }, () => {
  let run: Run;
  let engine: Engine;

  before(async () => {
    run = openRun(runs);
    engine = await ensureEngine(run, '');
    await ensureDemoImage(engine.socket);
  });
  after(async () => {
    await tearDown(run);
    assert.deepEqual(processesNaming(`${run.dir}/`), []);
    assert.deepEqual(mountsBelow(run.dir), []);
    assert.equal(existsSync(run.dir), false);
  });

  async function start(image: string): Promise<string> {
    const body = { Image: image, HostConfig: { NetworkMode: 'none' } };
    const { Id } = await dockerJson<{ Id: string }>(engine.socket, {
      method: 'POST',
      path: '/containers/create',
      body,
    });
    await docker(engine.socket, { method: 'POST', path: `/containers/${Id}/start` });
    return Id;
  }

  test('the image serves its host name, and is not made twice', async () => {
    assert.equal(await hasImage(engine.socket, DEMO_IMAGE), true);
    assert.equal(await hasImage(engine.socket, 'hedgerow/other:1'), false);
    await ensureDemoImage(engine.socket);
    const id = await start(DEMO_IMAGE);
    const fetch = 'until wget -q -O - http://127.0.0.1/; do sleep 0.05; done';
    const { output, code } = await execIn(engine.socket, id, ['timeout', '5', 'sh', '-c', fetch]);
    assert.equal(code, 0, output);
    assert.match(output, new RegExp(`${id.slice(0, 12)}`));
  });

  test('another user serves as well', async () => {
    await ensureDemoImage(engine.socket, {
      name: 'hedgerow/nobody:1',
      changes: ['USER 65534', 'ENV PORT=8080'],
    });
    const id = await start('hedgerow/nobody:1');
    const fetch = 'until wget -q -O - http://127.0.0.1:8080/; do sleep 0.05; done; id -u';
    const { output } = await execIn(engine.socket, id, ['timeout', '5', 'sh', '-c', fetch]);
    assert.match(output, /65534/);
  });

  test('a failing program gives its exit code', async () => {
    const id = await start(DEMO_IMAGE);
    const { code } = await execIn(engine.socket, id, ['sh', '-c', 'exit 7']);
    assert.equal(code, 7);
  });

  test('one that was killed comes back over what it left, at the first try', async () => {
    const { part, socket } = engine;
    assert.ok(part);
    const id = await start(DEMO_IMAGE);
    process.kill(part.id.pid, 'SIGKILL');
    while (isAlive(part.id)) await setImmediate();
    const back = await part.again(new AbortController().signal);
    assert.notEqual(back.id.pid, part.id.pid);
    const { State } = await dockerJson<{ State: { Running: boolean } }>(socket, {
      method: 'GET',
      path: `/containers/${id}/json`,
    });
    assert.equal(State.Running, true, 'its containers never stopped');
  });

  test('nothing is started again when all is over', async () => {
    const { part } = engine;
    assert.ok(part);
    const { length } = run.record.processes;
    await assert.rejects(part.again(AbortSignal.abort(new Error('over'))), /over/);
    assert.equal(run.record.processes.length, length);
  });
});

describe('sweep', { skip }, () => {
  /** Stands for a `hedge up` that is killed when everything is there. */
  const KILLED = `
    import { spawn } from 'node:child_process';
    import { openRun } from ${JSON.stringify(new URL('./run.ts', import.meta.url).href)};
    import { createMachines } from ${JSON.stringify(new URL('./namespaces.ts', import.meta.url).href)};
    import { ensureEngine } from ${JSON.stringify(new URL('./engine.ts', import.meta.url).href)};
    import { ensureDemoImage } from ${JSON.stringify(new URL('../docker/demo-image.ts', import.meta.url).href)};
    import { docker, dockerJson } from ${JSON.stringify(new URL('../docker/http.ts', import.meta.url).href)};
    const run = openRun(process.argv[1]);
    await createMachines(run, ['cluster']);
    const { socket } = await ensureEngine(run, '');
    await ensureDemoImage(socket);
    const body = { Image: 'hedgerow/demo:1', HostConfig: { NetworkMode: 'none' } };
    const { Id } = await dockerJson(socket, { method: 'POST', path: '/containers/create', body });
    await docker(socket, { method: 'POST', path: '/containers/' + Id + '/start' });
    process.stdout.write('there');
    process.kill(process.pid, 'SIGKILL');`;

  test('what a killed run left is removed, a living one is left alone', async () => {
    const living = openRun(runs);
    const killed = spawn(process.execPath, ['--input-type=module-typescript', '-e', KILLED, runs], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [, signal] = await once(killed, 'close');
    assert.equal(signal, 'SIGKILL');
    const left = readRuns(runs).find(run => run.id !== living.id);
    assert.ok(left);
    assert.ok(processesNaming(`${left.dir}/`).length > 0);
    assert.deepEqual(await sweep(runs), [left.id]);
    assert.deepEqual(processesNaming(`${left.dir}/`), []);
    assert.deepEqual(mountsBelow(left.dir), []);
    assert.deepEqual(namespacesOf(left), []);
    assert.deepEqual(readdirSync(runs), [living.id]);
    await tearDown(living);
  });
});
