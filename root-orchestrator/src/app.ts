/** Composition of the root: store, what drives instances, the API, and the one port for both. */
import { join } from 'node:path';
import {
  type Clock,
  every,
  formatAddress,
  type Logger,
  messageOf,
  openSqlite,
  type Running,
  startWith,
} from '@hedgerow/common';
import { createApi } from './api.ts';
import { refuseTrialPassword } from './auth/first-start.ts';
import { openClusterToken } from './auth/secrets.ts';
import { openCollections } from './collections.ts';
import type { RootConfig } from './config.ts';
import { createCoordination } from './coordination.ts';
import { openPort, type PortDeps } from './http/port.ts';
import { Changes } from './services/changes.ts';

export interface RootDeps {
  clock: Clock;
  log: Logger;
}

/** ms; a change that a failing store cut short is undone at the latest so much later */
const RECOVER_EVERY = 10_000;

/** @throws ADMIN_PASSWORD_NEEDED, STORE_FAILED, and what `listen` throws */
export function startRoot(config: RootConfig, { clock, log }: RootDeps): Promise<Running & { url: string }> {
  return startWith(async life => {
    refuseTrialPassword(config.host, config.adminPassword);
    const store = openSqlite({ file: join(config.data, 'root.sqlite'), durability: 'full' });
    life.add('store', () => store.close());
    const collections = openCollections(store);
    const clusterToken = await openClusterToken(config.data);
    const coordination = createCoordination({ collections, clock, log, clusterToken, assets: config.assets });
    life.add('coordination', () => coordination.stop());
    const deps = { ...coordination, collections, clock, log };
    const changes = new Changes(deps);
    // Before the first user is made: a crash may have left his name claimed.
    await coordination.start();
    await changes.recover();
    life.add('recovery', recoverOften(changes, clock, log));
    const http = await createApi(config, { ...deps, changes });
    const opened = await openPorts(config, {
      http,
      http2: socket => coordination.injectHttp2(socket),
      clock,
    });
    for (const port of opened) life.add('port', () => port.close());
    const [url, socket] = opened.map(({ address }) => formatAddress(address));
    log.info({ url: `http://${url}`, ...(socket ? { socket } : {}), data: config.data }, 'ready');
    return { url: `http://${url}` };
  });
}

function recoverOften(changes: Changes, clock: Clock, log: Logger): () => void {
  return every(clock, RECOVER_EVERY, async () => {
    try {
      const undone = await changes.recover();
      if (undone > 0) log.warn({ undone }, 'undid changes that had been cut short');
    } catch (error) {
      log.error({ cause: messageOf(error) }, 'changes that were cut short cannot be undone yet');
    }
  });
}

async function openPorts(config: RootConfig, deps: PortDeps) {
  const tcp = await openPort({ host: config.host, port: config.port }, deps);
  if (config.socket === '') return [tcp];
  try {
    return [tcp, await openPort({ path: config.socket }, deps)];
  } catch (error) {
    await tcp.close();
    throw error;
  }
}
