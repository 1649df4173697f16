/** Composition of the root: store, who leads, what drives instances, the API, and the one port for both. */
import type { Socket } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import {
  type Address,
  type Clock,
  every,
  formatAddress,
  isErrorOf,
  type Lifecycle,
  type Logger,
  messageOf,
  migrate,
  type Running,
  STORE_ERRORS,
  type Store,
  startWith,
} from '@hedgerow/common';
import {
  type MetricRegistry,
  meteredStore,
  meterLoop,
  readiness,
  startMetrics,
  storeAnswers,
} from '@hedgerow/common/metrics';
import { openStore } from '@hedgerow/common/open-store';
import { createApi } from './api.ts';
import { handOut } from './auth/hand-out.ts';
import {
  copyClusterToken,
  openClusterToken,
  type Secrets,
  secretFiles,
  storedSecrets,
} from './auth/secrets.ts';
import { refuseTrialPassword } from './auth/trial-password.ts';
import { type Collections, openCollections } from './collections.ts';
import type { RootConfig } from './config.ts';
import { type Coordination, createCoordination } from './coordination.ts';
import { EventFeed } from './events/feed.ts';
import { openPort, type Port, type PortDeps } from './http/port.ts';
import { openLives } from './leadership/lives.ts';
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

/** What every part of the root works with, in the order in which it is opened. */
interface Core extends RootDeps {
  metrics: MetricRegistry;
  store: Store;
  collections: Collections;
  secrets: Secrets;
  coordination: Coordination;
  changes: Changes;
}

/** @throws ADMIN_PASSWORD_NEEDED, STORE_FAILED, STORE_NEWER, BAD_CONFIG, and what `listen` throws */
export function startRoot(config: RootConfig, deps: RootDeps): Promise<Running & { url: string }> {
  return startWith(async life => {
    refuseTrialPassword(config.host, config.adminPassword);
    const core = await openCore(life, config, deps);
    // Before the first user is made: a crash may have left his name claimed.
    await recover(life, core);
    const address = await serve(life, config, core);
    await core.coordination.stand(config.address || formatAddress(reachable(address)));
    // First, so that another root leads while this one still answers its last requests.
    life.add('leadership', () => core.coordination.resign());
    const url = `http://${formatAddress(address)}`;
    const socket = config.socket === '' ? {} : { socket: config.socket };
    deps.log.info({ url, ...socket, data: config.data, shared: core.store.shared }, 'ready');
    return { url };
  });
}

async function openCore(life: Lifecycle, config: RootConfig, { clock, log }: RootDeps): Promise<Core> {
  const metrics = startMetrics(life, { clock, log });
  const store = meteredStore(await openStore({ ...storeOf(config), clock, log }), metrics);
  life.add('store', () => store.close());
  await migrate(store, { role: 'root', migrations: MIGRATIONS, log });
  const { shared } = store;
  const collections = openCollections(store);
  const { secrets, clusterToken } = await openSecrets(config, collections, shared);
  const lives = openLives(config.data, log);
  life.add('lives', () => lives.close());
  const coordination = createCoordination({
    former: id => lives.begin(id),
    ...{ collections, shared, clock, log, metrics, clusterToken, assets: config.assets },
    lease: config.leaseSeconds * 1000,
    others: reign => [new Rollouts(changesDeps, reign)],
  });
  life.add('coordination', () => coordination.stop());
  const changesDeps = { collections, addresses: coordination.addresses, clock, log };
  const process = { rootId: coordination.rootId, patience: shared ? LONGEST_REQUEST : 0 };
  const changes = new Changes(changesDeps, process);
  return { clock, log, metrics, store, collections, secrets, coordination, changes };
}

/** Undoes what earlier processes left half done, now and from time to time. */
async function recover(life: Lifecycle, core: Core): Promise<void> {
  const { coordination, changes, store, metrics, clock, log } = core;
  await coordination.start();
  await changes.recover(!store.shared).catch((error: unknown) => {
    // what is half done stays so until there is room, and nobody is the wiser for a root that does not start
    if (!isErrorOf(error, STORE_ERRORS.STORE_FULL)) throw error;
    log.error({ cause: messageOf(error) }, 'changes that were cut short cannot be undone yet');
  });
  const metered = meterLoop(metrics, clock, 'recovery');
  const turn = () => metered(() => changes.recover(coordination.leads()));
  life.add('recovery', recoverOften(turn, { clock, log }));
}

/** @returns where the API is reached over TCP */
async function serve(life: Lifecycle, config: RootConfig, core: Core): Promise<Address> {
  const { coordination, collections, store, clock } = core;
  const ready = readiness([storeAnswers(clock, store)], [() => unled(coordination)]);
  const mirrors = new Mirrors(collections, store.shared);
  life.add('mirrors', () => mirrors.stop());
  await mirrors.start();
  const feed = new EventFeed(mirrors, clock);
  const http = await createApi(config, { ...core, ...coordination, ready, mirrors, feed });
  const http2 = (socket: Socket) => coordination.injectHttp2(socket);
  const opened = await openPorts(config, { http, http2, clock });
  for (const port of opened) life.add('port', () => port.close());
  // Before the ports, which wait for what is under way: events have no end of their own.
  life.add('events', () => feed.stop());
  return opened[0].address;
}

function storeOf({ mongodb, data }: RootConfig) {
  return { mongodbUrl: mongodb, sqliteFile: join(data, 'root.sqlite'), durability: 'full' } as const;
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

async function openPorts(config: RootConfig, deps: PortDeps): Promise<[Port, ...Port[]]> {
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
