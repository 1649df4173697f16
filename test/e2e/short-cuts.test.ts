/**
 * A worker whose link is cut for one or two seconds, over real TCP, in the phases that leave the least time: it is not
 * taken for dead. The file is three programs: the test, what it starts in a network namespace of its own, and a worker.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Cluster, startCluster } from '@hedgerow/cluster-orchestrator';
import { type Logger, type Running, silentLogger, systemClock } from '@hedgerow/common';
import { startNode } from '@hedgerow/node-engine';
import { eventually } from '../support/eventually.ts';
import { withoutRoot } from '../support/requirements.ts';

const PART = 'HEDGEROW_TEST_PART';
const FILE = fileURLToPath(import.meta.url);
const CLUSTER = '10.99.0.1';
const WORKER = '10.99.0.2';
/** ms of silence at which the cut begins; the worker beats every 2.5 s */
const PHASES = [2400, 1200];
const DROP =
  'table ip cut { chain in { type filter hook input priority 0; ip saddr 10.99.0.0/24 drop; }; }\n';

if (process.env[PART] === 'worker') await beWorker();
else if (process.env[PART] === 'site') theSite();
else {
  it('short cuts, in a network namespace of their own', { skip: withoutRoot() }, t => {
    const env: NodeJS.ProcessEnv = { ...process.env, [PART]: 'site' };
    delete env.NODE_TEST_CONTEXT;
    const args = ['--net', process.execPath, '--test-reporter=spec', FILE];
    const done = spawnSync('unshare', args, { encoding: 'utf8', env, timeout: 120_000 });
    assert.equal(done.status, 0, `${done.stdout}\n${done.stderr}`);
    t.diagnostic(done.stdout);
  });
}

async function beWorker(): Promise<void> {
  const [data = '', token = ''] = process.argv.slice(2);
  await startNode(
    { cluster: CLUSTER, data, hostname: 'worker', token, docker: '/nowhere/docker.sock', statusListen: '' },
    { clock: systemClock, log: silentLogger, net: null },
  );
}

interface Shown {
  state: string;
  silent_ms: number | null;
}

function theSite(): void {
  describe('a link', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hedgerow-cuts-'));
    const said: string[] = [];
    let cluster: Cluster & Running;
    let worker: ChildProcess;

    before(async () => {
      sh('ip link set lo up');
      cluster = await startCluster(configOf(folder), { clock: systemClock, log: listener(said) });
      worker = await startWorker(`${folder}/worker ${cluster.workerToken}`);
      await eventually('a live worker', shown, ({ state }) => state === 'live', { timeout: 20_000 });
    });
    after(async () => {
      worker.kill('SIGKILL');
      await cluster.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    const shown = async (): Promise<Shown> => {
      const answer = await fetch('http://127.0.0.1:10100/api/workers', {
        headers: { authorization: `Bearer ${cluster.workerToken}` },
      });
      const { workers } = (await answer.json()) as { workers: Shown[] };
      return workers[0] ?? { state: '', silent_ms: null };
    };

    for (const ms of [1000, 2000]) {
      for (const phase of PHASES) {
        it(`that is cut for ${ms} ms, ${phase} ms after a sign of life, kills nobody`, async () => {
          await eventually('a sign of life', shown, ({ silent_ms }) => (silent_ms ?? 1e9) < phase, FINE);
          await eventually('the phase', shown, ({ silent_ms }) => (silent_ms ?? 0) >= phase, FINE);
          cut(worker);
          await delay(ms);
          heal(worker);
          await delay(3500);
          const { state } = await shown();
          assert.deepEqual([state, said.filter(line => line === 'worker is dead')], ['live', []]);
        });
      }
    }
  });
}

const FINE = { timeout: 10_000, every: 10 };

function listener(said: string[]): Logger {
  const say = (_: object, message: string) => void said.push(message);
  const log: Logger = { ...silentLogger, info: say, warn: say, error: say, child: () => log };
  return log;
}

/** In a network namespace of its own, behind a link to this one. */
async function startWorker(args: string): Promise<ChildProcess> {
  const inside = `read go && exec ${process.execPath} ${FILE} ${args}`;
  const child = spawn('unshare', ['--net', 'sh', '-c', inside], {
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...process.env, [PART]: 'worker' },
  });
  await once(child, 'spawn');
  // the namespace is there when it is another one than ours
  const ours = sh('readlink /proc/self/ns/net');
  const theirs = async () => sh(`readlink /proc/${child.pid}/ns/net`);
  await eventually('a namespace', theirs, name => name !== ours, FINE);
  sh(`ip link add near type veth peer name far netns ${child.pid}`);
  sh(`ip address add ${CLUSTER}/24 dev near`);
  sh('ip link set near up');
  at(child, 'ip link set lo up');
  at(child, `ip address add ${WORKER}/24 dev far`);
  at(child, 'ip link set far up');
  child.stdin?.end('go\n');
  return child;
}

function configOf(folder: string) {
  return {
    ...{ name: 'site', location: '', root: '127.0.0.1:1', rootToken: '', rootTokenFile: '' },
    ...{ host: '0.0.0.0', port: 10_100, mqttPort: 10_003, mqttUrl: '', mqttUser: '', mqttPassword: '' },
    ...{ mqttPublicAddress: '', address: '', data: `${folder}/cluster`, spareSubnets: 0, assets: '' },
    mqttAccounts: 'auto' as const,
    workerDeadAfter: 5000,
  };
}

/** Neither end hears the other; what is sent is lost, as on a cable that is pulled. */
function cut(child: ChildProcess): void {
  for (const args of [['nft'], ['nsenter', `--net=/proc/${child.pid}/ns/net`, 'nft']])
    execFileSync(args[0] as string, [...args.slice(1), '-f', '-'], { input: DROP });
}

function heal(child: ChildProcess): void {
  sh('nft delete table ip cut');
  at(child, 'nft delete table ip cut');
}

function at(child: ChildProcess, command: string): string {
  return sh(`nsenter --net=/proc/${child.pid}/ns/net ${command}`);
}

function sh(command: string): string {
  const [program = '', ...args] = command.split(' ');
  return execFileSync(program, args, { encoding: 'utf8' }).trim();
}
