import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqlite, silentLogger, systemClock } from '@hedgerow/common';
import type { JobPayload, NetManager } from '@hedgerow/protos';
import { type NodeDeps, startNode } from '../app.ts';
import type { NodeConfig } from '../config.ts';
import { Boots } from '../host/boot.ts';
import type { TestCluster } from './test-cluster.ts';

export interface TestWorker {
  id: string;
  data: string;
  stop(): Promise<void>;
  /** A new engine over the same data. */
  restart(): Promise<TestWorker>;
}

export type WorkerChange = Partial<NodeConfig> &
  Partial<Pick<NodeDeps, 'clock' | 'log'>> & {
    /** false = do not wait for the cluster */
    connected?: boolean;
  };

/** A connected Node Engine against a test cluster; `data` is new unless given. */
export async function startTestWorker(
  cluster: Pick<TestCluster, 'port'>,
  docker: string,
  net: NetManager | null,
  change: WorkerChange = {},
): Promise<TestWorker> {
  const { clock = systemClock, log = silentLogger, connected = true, ...config } = change;
  const data = config.data ?? mkdtempSync(join(tmpdir(), 'hedgerow-worker-'));
  const given = {
    cluster: '127.0.0.1',
    port: cluster.port,
    docker,
    hostname: 'w1',
    stopGrace: 2,
    statusListen: '',
    ...config,
    data,
  };
  const node = await startNode(given, { clock, log, net });
  if (connected) await node.ready;
  return {
    id: node.id,
    data,
    stop: () => node.stop(),
    async restart() {
      await node.stop();
      return startTestWorker(cluster, docker, net, { ...change, data });
    },
  };
}

/** The machine was started anew: for the next engine it is another one than that in which the last one ran. */
export async function forgetBoot({ data }: Pick<TestWorker, 'data'>): Promise<void> {
  const store = openSqlite({ file: join(data, 'node.sqlite'), durability: 'normal' });
  await new Boots(store, 'an earlier one').note();
  await store.close();
}

export function removeData(worker: Pick<TestWorker, 'data'>): void {
  rmSync(worker.data, { recursive: true, force: true });
}

/** Waits for the next report of this status, of the default job's instance `number`. */
export async function report(
  cluster: TestCluster,
  status: string,
  number = 0,
  limit = 15_000,
): Promise<JobPayload> {
  const message = await cluster.up.take(
    ({ leaf, json }) => leaf === 'job' && json().status === status && json().instance === number,
    `${status} of instance ${number}`,
    limit,
  );
  return message.json() as unknown as JobPayload;
}
