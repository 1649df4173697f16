/**
 * The images, built and run as `docker-compose` does it, on one machine: a network namespace with a Docker Engine of
 * its own. The base image is a stand-in of Debian's packages (`base-image.ts`); nothing is fetched while building.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  createMachines,
  dockerJson,
  ensureDemoImage,
  exec,
  execIn,
  inNamespace,
  listContainers,
  type Machine,
  openRun,
  type Run,
  sweep,
  tearDown,
} from '@hedgerow/cli';
import { BASE_IMAGE, importBaseImage, withoutDebootstrap } from '../support/base-image.ts';
import { type Compose, composeIn, copyWithBundles } from '../support/composition.ts';
import { startDockerIn } from '../support/docker-machine.ts';
import { eventually } from '../support/eventually.ts';
import { withoutRoot } from '../support/requirements.ts';

const repository = join(import.meta.dirname, '../..');
const ROLES = ['root', 'cluster', 'worker'];

function withoutCompose(): string | false {
  return spawnSync('docker-compose', ['version']).status === 0 ? false : 'needs docker-compose';
}

/** A sandbox may keep rights from its root; then no container can have all of them. */
function mayBePrivileged(): boolean {
  const [, has = ''] = /^CapBnd:\s+(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  const last = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'));
  return BigInt(`0x${has}`) === (1n << BigInt(last + 1)) - 1n;
}

interface Inspected {
  Id: string;
  State: { Status: string; ExitCode: number; Health?: { Status: string } };
}

interface InstanceRow {
  instance: number;
  status: string;
  service: string;
  service_ip: string;
}

describe('images', { skip: withoutRoot() || withoutDebootstrap() || withoutCompose() }, () => {
  let run: Run;
  let machine: Machine;
  let socket: string;
  let compose: Compose;

  before(async () => {
    await sweep();
    run = openRun();
    [machine] = (await createMachines(run, ['site'])) as [Machine];
    socket = await startDockerIn(run, machine);
    await Promise.all([importBaseImage(socket), ensureDemoImage(socket)]);
    await copyWithBundles(folder());
    compose = composeIn(folder(), socket, settings());
  });
  after(async () => {
    if (run) await tearDown(run);
  });

  const folder = () => join(run.dir, 'compose');

  const settings = (more: Record<string, string> = {}) => ({
    ADMIN_PASSWORD: 'not Admin',
    CLUSTER_NAME: 'site1',
    CLUSTER_LOCATION: '48.1,11.6,1000',
    DOCKER_SOCKET: socket,
    WORKER_DATA: join(run.dir, 'worker'),
    CLUSTER_MANAGER_URL: machine.address,
    ...more,
  });

  const inspect = (name: string) =>
    dockerJson<Inspected>(socket, { method: 'GET', path: `/containers/hedge_${name}_1/json` });

  const healthy = (name: string) =>
    eventually(
      `${name} is healthy`,
      () => inspect(name),
      ({ State }) => State.Health?.Status === 'healthy',
      {
        timeout: 60_000,
        every: 200,
      },
    );

  /** `hedge` on this machine, in the namespace where the root's port is published. */
  async function hedge(words: string[], input = ''): Promise<string> {
    const env = [`HOME=${run.dir}`, `XDG_STATE_HOME=${run.dir}`, `XDG_CONFIG_HOME=${run.dir}`];
    const program = [process.execPath, join(repository, 'cli/src/main.ts')];
    const url = ['--url', `http://${machine.address}:10000`];
    const [command, args] = inNamespace(machine.namespace, ['env', ...env, ...program, ...url, ...words]);
    return exec(command, args, input);
  }

  const instances = async () => JSON.parse(await hedge(['ps', '--json'])) as InstanceRow[];

  const demoContainers = async () => {
    const all = await listContainers(socket, 'hedgerow.worker');
    return all.map(({ Id }) => Id).sort();
  };

  /** @param token of the cluster; '' for a worker that has joined */
  async function startWorker(token: string): Promise<void> {
    const more = settings({ WORKER_TOKEN: token });
    if (mayBePrivileged()) {
      await composeIn(folder(), socket, more)('--profile', 'worker', 'up', '-d', 'worker');
      return;
    }
    const flags = [
      '--name',
      'hedge_worker_1',
      '--network=host',
      '--pid=host',
      '-v',
      `${socket}:/var/run/docker.sock`,
    ];
    const rights = [
      ...['NET_ADMIN', 'SYS_ADMIN', 'SYS_PTRACE'].flatMap(name => ['--cap-add', name]),
      ...['seccomp', 'apparmor', 'systempaths'].flatMap(name => ['--security-opt', `${name}=unconfined`]),
    ];
    const data = more.WORKER_DATA;
    const volumes = ['-v', `${data}:${data}`, '-v', '/sys/fs/cgroup:/sys/fs/cgroup:ro'];
    const environment = {
      HEDGEROW_DATA: data,
      HEDGEROW_CLUSTER_ADDRESS: machine.address,
      HEDGEROW_WORKER_TOKEN: token,
    };
    const variables = Object.entries(environment).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    const args = [...flags, ...rights, ...volumes, ...variables, 'hedgerow/worker:0.1.0'];
    await exec('docker', ['-H', `unix://${socket}`, 'run', '-d', ...args]);
  }

  const stopWorker = () => exec('docker', ['-H', `unix://${socket}`, 'stop', 'hedge_worker_1']);

  it('are built from bundles alone, without a network', async () => {
    await compose('build', ...ROLES);
    const base = await dockerJson<{ Size: number }>(socket, {
      method: 'GET',
      path: `/images/${BASE_IMAGE}/json`,
    });
    for (const role of ROLES) {
      const path = `/images/hedgerow/${role}:0.1.0/json`;
      const image = await dockerJson<{
        Size: number;
        Config: { User: string; Labels: Record<string, string>; Healthcheck?: object };
      }>(socket, { method: 'GET', path });
      assert.ok(image.Size - base.Size < 10e6, `${role} adds ${image.Size - base.Size} bytes to its base`);
      assert.equal(image.Config.User, role === 'worker' ? '' : 'node');
      assert.ok(image.Config.Healthcheck, `${role} has a health check`);
      assert.equal(image.Config.Labels['org.opencontainers.image.title'], `Hedgerow ${role}`);
    }
  });

  it('root and cluster become healthy; the cluster finds the root and its token by itself', async () => {
    await compose('--profile', 'all', 'up', '-d', 'root', 'cluster');
    await Promise.all([healthy('root'), healthy('cluster')]);
    await hedge(['login', '--password-stdin'], 'not Admin\n');
    const clusters = () => hedge(['clusters']);
    await eventually('the cluster has joined', clusters, text => /site1/.test(text), { timeout: 20_000 });
  });

  it('run without root’s rights, on a file system that they cannot change', async () => {
    for (const role of ['root', 'cluster']) {
      assert.equal((await compose('exec', '-T', role, 'id', '-u')).trim(), '1000');
      await assert.rejects(compose('exec', '-T', role, 'touch', '/opt/hedgerow/x'), /Read-only|Permission/);
      const status = await compose('exec', '-T', role, 'cat', '/proc/1/status');
      assert.match(status, /^CapEff:\s+0+$/m);
      assert.match(status, /^NoNewPrivs:\s+1$/m);
    }
  });

  it('a worker joins with the token that the cluster’s container gives out, and runs what is deployed', async () => {
    const token = (await compose('exec', '-T', 'cluster', 'hedge', 'token', 'worker')).trim();
    await startWorker(token);
    await healthy('worker');
    await hedge(['deploy', join(repository, 'examples/demo.json')]);
    const rows = await instances();
    assert.deepEqual(
      rows.map(({ status }) => status),
      ['RUNNING', 'RUNNING'],
    );
    const [client] = await listContainers(socket, 'hedgerow.job=clientsrvr.test.curl.test');
    // no -T: Debian's busybox wget ends with a segmentation fault
    const wget = ['timeout', '3', 'wget', '-q', '-O', '-', 'http://10.30.30.30/'];
    const answer = await execIn(socket, client?.Id ?? '', wget);
    assert.match(answer.output, /10\.18\./);
  });

  it('end in good time when they are stopped, and containers of instances go on', async () => {
    const running = await demoContainers();
    const start = performance.now();
    await stopWorker();
    await compose('--profile', 'all', 'stop', 'cluster', 'root');
    assert.ok(performance.now() - start < 20_000, 'nothing had to be killed');
    for (const role of ROLES) {
      const { State } = await inspect(role);
      assert.deepEqual([State.Status, State.ExitCode], ['exited', 0], role);
    }
    assert.deepEqual(await demoContainers(), running);
  });

  it('go on where they were: volumes outlive the containers', async () => {
    const running = await demoContainers();
    await exec('docker', ['-H', `unix://${socket}`, 'rm', ...ROLES.map(name => `hedge_${name}_1`)]);
    await compose('--profile', 'all', 'up', '-d', 'root', 'cluster');
    await startWorker('');
    await Promise.all(ROLES.map(healthy));
    await eventually(
      'the same instances run',
      instances,
      rows => rows.length === 2 && rows.every(({ status }) => status === 'RUNNING'),
      { timeout: 30_000, every: 300 },
    );
    assert.deepEqual(await demoContainers(), running);
  });

  it('a root without a password says what is missing, and is started again', async () => {
    await compose('--profile', 'all', 'stop', 'root');
    const open = composeIn(folder(), socket, settings({ ADMIN_PASSWORD: '' }));
    await open('--profile', 'all', 'up', '-d', '--no-deps', 'root');
    const log = () => open('logs', '--no-color', 'root');
    await eventually('it says so', log, text => /ADMIN_PASSWORD/.test(text), { timeout: 20_000, every: 300 });
  });
});
