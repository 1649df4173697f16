import { join } from 'node:path';
import { type Clock, type Logger, type Running, startWith } from '@hedgerow/common';
import { startMetrics } from '@hedgerow/common/metrics';
import { startNetManager, teardown } from '@hedgerow/net-manager';
import { type NodeConfig, removeAll, startNode } from '@hedgerow/node-engine';

export interface WorkerDeps {
  clock: Clock;
  log: Logger;
}

/** A whole worker in one process: the Node Engine calls the Net Manager directly. Stopping it stops no container. */
export function startWorker(
  config: NodeConfig,
  { clock, log }: WorkerDeps,
): Promise<Running & { id: string }> {
  return startWith(async life => {
    const metrics = startMetrics(life, { clock, log });
    const manager = await startNetManager(
      { listen: '', data: netData(config) },
      { clock, log: log.child({ part: 'net' }), metrics },
    );
    life.add('net manager', () => manager.stop());
    const node = await startNode(config, { clock, log, net: manager.net, metrics });
    life.add('node engine', () => node.stop());
    return { id: node.id };
  });
}

/** Takes a worker off its machine: its containers, then everything of it in this network namespace. */
export async function removeWorker(config: NodeConfig, log: Logger): Promise<void> {
  await removeAll(config, { log });
  await teardown(netData(config), { log });
}

function netData(config: NodeConfig): string {
  return join(config.data, 'net');
}
