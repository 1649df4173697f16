/** Composition of the root: store, who leads, what drives instances, the API, and the one port for both. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import {
  type Address,
  type Clock,
  every,
  formatAddress,
  type Logger,
  messageOf,
  migrate,
  openSqlite,
  type Running,
  type Store,
  startWith,
} from '@hedgerow/common';
import { meteredStore, meterLoop, readiness, startMetrics, storeAnswers } from '@hedgerow/common/metrics';
import { createApi } from './api.ts';
import { refuseTrialPassword } from './auth/first-start.ts';
import { handOut } from './auth/hand-out.ts';
import { copyClusterToken, openClusterToken, secretFiles, storedSecrets } from './auth/secrets.ts';
import { type Collections, openCollections } from './collections.ts';
import type { RootConfig } from './config.ts';
import { type Coordination, createCoordination } from './coordination.ts';
import { EventFeed } from './events/feed.ts';
import { openPort, type PortDeps } from './http/port.ts';
import { LONGEST_REQUEST } from './leadership/patience.ts';
import { MIGRATIONS } from './migrations.ts';
import { Mirrors } from './mirrors/mirrors.ts';
import { Rollouts } from './rollouts/rollouts.ts';
import { Changes } from './services/changes.ts';

export interface RootDeps {
  clock: Clock;
  log: Logger;
}

/** ms; a change that a failing store cut short is undone at the latest so much later */
const RECOVER_EVERY = 10_000;

/** @throws ADMIN_PASSWORD_NEEDED, STORE_FAILED, STORE_NEWER, BAD_CONFIG, and what `listen` throws */
export function startRoot(config: RootConfig, { clock, log }: RootDeps): Promise<Running & { url: string }> {
  return startWith(async life => {
    refuseTrialPassword(config.host, config.adminPassword);
    const metrics = startMetrics(life, { clock, log });
    const store = meteredStore(await openStore(config, { clock, log }), metrics);
    life.add('store', () => store.close());
    await migrate(store, { role: 'root', migrations: MIGRATIONS, log });
    const { shared } = store;
    const collections = openCollections(store);
    const { secrets, clusterToken } = await openSecrets(config, collections, shared);
    const coordination = createCoordination({
      ...{ collections, shared, clock, log, metrics, clusterToken, assets: config.assets },
      lease: config.leaseSeconds * 1000,
      others: reign => [new Rollouts(deps, reign)],
    });
    life.add('coordination', () => coordination.stop());
    const deps = { ...coordination, collections, secrets, clock, log };
    const changes = new Changes(deps, {
      rootId: coordination.rootId,
      patience: shared ? LONGEST_REQUEST : 0,
    });
    // Before the first user is made: a crash may have left his name claimed.
    await coordination.start();
    await changes.recover(!shared);
    const recover = meterLoop(metrics, clock, 'recovery');
    life.add(
      'recovery',
      recoverOften(() => recover(() => changes.recover(coordination.leads())), { clock, log }),
    );
    const ready = readiness([storeAnswers(clock, store)], [() => unled(coordination)]);
    const mirrors = new Mirrors(collections, shared);
    life.add('mirrors', () => mirrors.stop());
    await mirrors.start();
    const feed = new EventFeed(mirrors, clock);
    const http = await createApi(config, { ...deps, changes, metrics, ready, mirrors, feed });
    const opened = await openPorts(config, {
      http,
      http2: socket => coordination.injectHttp2(socket),
      clock,
    });
    for (const port of opened) life.add('port', () => port.close());
    // Before the ports, which wait for what is under way: events have no end of their own.
    life.add('events', () => feed.stop());
    const [address = { path: config.socket }] = opened.map(port => port.address);
    await coordination.stand(config.address || formatAddress(reachable(address)));
    // First, so that another root leads while this one still answers its last requests.
    life.add('leadership', () => coordination.resign());
    const url = `http://${formatAddress(address)}`;
    const socket = config.socket === '' ? {} : { socket: config.socket };
    log.info({ url, ...socket, data: config.data, shared }, 'ready');
    return { url };
  });
}

/** The driver of MongoDB is only loaded where it is used. */
async function openStore(config: RootConfig, { clock, log }: RootDeps): Promise<Store> {
  if (config.mongodb === '') {
    return openSqlite({ file: join(config.data, 'root.sqlite'), durability: 'full' });
  }
  const { openMongodb } = await import('@hedgerow/common/mongodb');
  return openMongodb({ url: config.mongodb, clock, log });
}

/** Roots that share a store honour each other's tokens, so they share the secrets, too. */
async function openSecrets(config: RootConfig, collections: Collections, shared: boolean) {
  const secrets = shared ? storedSecrets(collections.secrets) : secretFiles(config.data);
  const clusterToken = await openClusterToken(secrets);
  if (shared) await copyClusterToken(config.data, clusterToken);
  if (config.clusterTokenFile !== '') await handOut(clusterToken, config.clusterTokenFile);
  return { secrets, clusterToken };
}

function unled(coordination: Coordination): string | null {
  return coordination.leader() ? null : 'no root leads: nothing is placed until one does';
}

function recoverOften(recover: () => Promise<number>, { clock, log }: RootDeps): () => void {
  return every(clock, RECOVER_EVERY, async () => {
    try {
      const undone = await recover();
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

/** Nobody else can dial "any address"; in a composition of containers the host name is what others know. */
function reachable(address: Address): Address {
  const wildcard = 'host' in address && (address.host === '0.0.0.0' || address.host === '::');
  return wildcard ? { ...address, host: hostname() } : address;
}
