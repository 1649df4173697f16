/** Debian's Prometheus, watching a fleet from inside the fleet's network, with the configuration that we ship. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inNamespace, send } from '@hedgerow/cli';
import { repository } from '../docs.ts';
import { eventually } from './eventually.ts';
import type { TestFleet } from './fleet.ts';

export interface Sample {
  metric: Record<string, string>;
  /** not a number for a quantile of nothing */
  value: number;
}

export interface Prometheus {
  /** @throws what Prometheus says of an expression that it does not understand */
  query(expression: string): Promise<Sample[]>;
  /** jobs and whether their targets answer */
  targets(): Promise<{ job: string; up: boolean }[]>;
  stop(): Promise<void>;
}

const SHIPPED = join(repository, 'dashboards/prometheus');
/** in the cluster's namespace */
const [OWN, ROOT] = ['127.0.0.1:9090', '127.0.0.1:10000'];

export async function startPrometheus(fleet: TestFleet): Promise<Prometheus> {
  const folder = join(fleet.run.dir, 'prometheus');
  const socket = join(fleet.run.dir, 'prometheus.sock');
  const config = writeConfig(folder, fleet);
  const relay = inFleet(fleet, [
    ...[process.execPath, join(import.meta.dirname, 'relay.ts')],
    ...[ROOT, fleet.root.socket, `unix:${socket}`, OWN],
  ]);
  const server = inFleet(fleet, [
    'prometheus',
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${OWN}`,
    '--log.level=error',
  ]);
  const children = [server, relay];
  const get = (path: string) => send(`unix:${socket}`, { method: 'GET', path });
  try {
    await eventually(
      'Prometheus is ready',
      () => get('/api/v1/query?query=1'),
      ({ status }) => status === 200,
      {
        timeout: 20_000,
      },
    );
  } catch (error) {
    await end(children);
    throw error;
  }
  return {
    async query(expression) {
      const { data } = await ask(get, `/api/v1/query?query=${encodeURIComponent(expression)}`);
      return (data.result as RawSample[]).map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    async targets() {
      const { data } = await ask(get, '/api/v1/targets?state=active');
      return (data.activeTargets as { labels: { job: string }; health: string }[]).map(
        ({ labels, health }) => ({ job: labels.job, up: health === 'up' }),
      );
    },
    stop: () => end(children),
  };
}

interface RawSample {
  metric: Record<string, string>;
  value: [number, string];
}

type Get = (path: string) => Promise<{ status: number; body: unknown }>;

async function ask(get: Get, path: string): Promise<{ data: Record<string, unknown> }> {
  const { status, body } = await get(path);
  if (status !== 200) throw new Error(`Prometheus: ${status} ${JSON.stringify(body)}`);
  return body as { data: Record<string, unknown> };
}

/** What we ship, with the fleet's addresses and every interval at a second. */
function writeConfig(folder: string, { cluster, workers }: TestFleet): string {
  mkdirSync(folder, { mode: 0o700 });
  cpSync(SHIPPED, folder, { recursive: true });
  const shipped = readFileSync(join(SHIPPED, 'prometheus.yml'), 'utf8');
  const changed = shipped
    .replaceAll(/_(interval|timeout): \d+s/g, '_$1: 1s')
    .replace('"root:10000"', `"${ROOT}"`);
  writeFileSync(join(folder, 'prometheus.yml'), changed);
  const addresses = [...workers.values()].map(({ address }) => `${address}:10200`);
  writeTargets(join(folder, 'targets/clusters.yml'), [`${cluster.address}:10100`]);
  writeTargets(join(folder, 'targets/workers.yml'), addresses);
  return join(folder, 'prometheus.yml');
}

function writeTargets(file: string, targets: string[]): void {
  writeFileSync(file, JSON.stringify([{ targets }]));
}

function inFleet(fleet: TestFleet, command: string[]): ChildProcess {
  const [program, args] = inNamespace(fleet.cluster.namespace ?? '', command);
  return spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function end(children: readonly ChildProcess[]): Promise<void> {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }
}
