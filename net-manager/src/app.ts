import {
  type Clock,
  every,
  formatAddress,
  type Lifecycle,
  type Logger,
  messageOf,
  parseAddress,
  type Running,
  startWith,
} from '@hedgerow/common';
import type { NetManager } from '@hedgerow/protos';
import { type NetConfig, RECONCILE_EVERY } from './config.ts';
import { createExec } from './exec.ts';
import { startHttp } from './http/server.ts';
import { Flows } from './kernel/conntrack.ts';
import { DataPath } from './kernel/datapath.ts';
import { Manager } from './manager.ts';
import { openStorage } from './storage.ts';

export interface NetDeps {
  clock: Clock;
  log: Logger;
}

export interface RunningNet extends Running {
  net: NetManager;
  /** where it listens; '' when it does not */
  address: string;
}

/**
 * Adopts what an earlier process left in this network namespace, mends it and serves. `stop()` leaves the data path
 * as it is: containers go on while the process is away. `teardown()` removes it.
 */
export function startNetManager(config: NetConfig, deps: NetDeps): Promise<RunningNet> {
  return startWith(async life => {
    const storage = openStorage(config.data);
    life.add('store', () => storage.close());
    const exec = createExec();
    const flows = new Flows(exec, deps.log);
    const path = new DataPath(exec, flows, storage, deps.log);
    const manager = new Manager(await storage.state(), { path, flows, storage, log: deps.log });
    life.add('requests', () => manager.idle());
    await manager.reconcile();
    repeat(life, config, deps, manager);
    const address = config.listen === '' ? '' : await serve(life, config.listen, manager, deps.log);
    deps.log.info({ address, ...(await manager.status()) }, 'ready');
    return { net: manager as NetManager, address };
  });
}

function repeat(life: Lifecycle, config: NetConfig, { clock, log }: NetDeps, manager: Manager): void {
  const period = config.reconcileEvery ?? RECONCILE_EVERY;
  if (period === 0) return;
  const turn = () =>
    manager
      .reconcile()
      .catch(error => log.error({ reason: messageOf(error) }, 'the kernel could not be compared'));
  life.add('comparison', every(clock, period, turn));
}

async function serve(life: Lifecycle, listen: string, manager: Manager, log: Logger): Promise<string> {
  const { address, stop } = await startHttp(parseAddress(listen, 6000), manager, log);
  life.add('http', stop);
  return formatAddress(address);
}
