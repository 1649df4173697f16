/** Wires the side of the root that faces clusters and other roots: who leads, the streams, the addresses. */
import type { Socket } from 'node:net';
import { type Clock, HedgerowError, type Logger, newId } from '@hedgerow/common';
import { MetricRegistry } from '@hedgerow/common/metrics';
import { createLinkServer } from './clusters/server.ts';
import type { Session } from './clusters/session.ts';
import type { Collections } from './collections.ts';
import { ERRORS } from './errors.ts';
import { Histories } from './histories/histories.ts';
import { Election } from './leadership/election.ts';
import { type ForwardToLeader, forwarder } from './leadership/forward.ts';
import type { Leader, Leadership, Reign, Term } from './leadership/leadership.ts';
import { hasEnded, ownProcess } from './leadership/process.ts';
import { soleLeadership } from './leadership/sole.ts';
import { RootTerm } from './leadership/term.ts';
import { type RootMeter, rootMeter } from './metrics/meter.ts';
import { Mirror } from './mirrors/mirror.ts';
import type { Cluster } from './model.ts';
import { AddressBook } from './network/addresses.ts';
import type { Addresses, HistoryReader, Outputs, Sessions } from './ports.ts';

export interface CoordinationDeps {
  collections: Collections;
  /** May other roots run over the same store? */
  shared: boolean;
  clock: Clock;
  log: Logger;
  /** of the process; nobody sees them when left out */
  metrics?: MetricRegistry;
  /** join token of clusters */
  clusterToken: string;
  /** folder of cluster-link.proto; "" = beside the sources */
  assets: string;
  /** @returns ids of processes that are known to be dead, when this one has this id; none when left out */
  former?: (rootId: string) => ReadonlySet<string>;
  /** ms without a sign of the leading root after which another one leads */
  lease: number;
  /** ms between pings to a cluster, and that an answer may take */
  keepalive?: number;
  /** what else runs while this root leads */
  others?: (reign: Reign) => readonly Term[];
}

export interface Coordination {
  addresses: Addresses;
  sessions: Sessions;
  outputs: Outputs;
  histories: HistoryReader;
  /** unique to this process */
  rootId: string;
  leads(): boolean;
  leader(): Leader | null;
  forwardToLeader: ForwardToLeader;
  /** Takes a connection whose first bytes are the preface of HTTP/2, none of them consumed (or all unshifted). */
  injectHttp2(socket: Socket): void;
  /** Before the API answers. A root with a store of its own leads from here on. */
  start(): Promise<void>;
  /** When this root can be reached: one over a shared store leads from now on, unless another one does. */
  stand(address: string): Promise<void>;
  /** Lets another root lead, at once. This one still answers. */
  resign(): Promise<void>;
  stop(): Promise<void>;
}

/** A dead cluster is noticed after 4 s without traffic and 4 s without an answer to the ping. */
const KEEPALIVE = 4000;

export function createCoordination(deps: CoordinationDeps): Coordination {
  const { collections, shared } = deps;
  const rootId = newId(deps.clock.now());
  const addresses = new AddressBook(collections.claims);
  const metrics = deps.metrics ?? new MetricRegistry(deps.log);
  const { clock, log } = deps;
  const meter = rootMeter({
    ...{ registry: metrics, clock },
    ...{ instances: collections.instances, term: () => leadership.term },
  });
  const leads = () => leadership.term !== null;
  const histories = new Histories({ ...collections, clock, log, metrics, leads });
  const leadership: Leadership<RootTerm> = createLeadership(deps, { rootId, addresses, meter, histories });
  const link = createLinkServer({
    ...{ token: deps.clusterToken, assets: deps.assets, clock: deps.clock, log: deps.log },
    counts: meter.link,
    keepalive: deps.keepalive ?? KEEPALIVE,
    accept: session => accept(session, leadership),
  });
  const seen = new Mirror(collections.clusters);
  const leader = () => leadership.leader();
  return {
    ...{ addresses, rootId, leads, leader, histories },
    forwardToLeader: forwarder({ rootId, leads, leader }),
    sessions: sessionsOf(leadership, seen),
    outputs: outputsOf(leadership),
    injectHttp2: socket => link.inject(socket),
    async start() {
      await addresses.load();
      if (shared) await seen.start();
      else await leadership.start('');
    },
    async stand(address) {
      if (shared) await leadership.start(address);
    },
    resign: () => leadership.stop(),
    async stop() {
      await leadership.stop();
      await histories.stop();
      link.stop();
      seen.stop();
      addresses.stop();
      meter.stop();
    },
  };
}

/** Who is connected to the leading root is known to others from the store. */
function sessionsOf(leadership: Leadership<RootTerm>, seen: Mirror<Cluster>): Sessions {
  return {
    isConnected(id, stored = seen.get(id)) {
      if (leadership.term) return leadership.term.clusters.isConnected(id);
      return stored?.connected_epoch === (leadership.leader()?.epoch ?? Number.NaN);
    },
  };
}

function outputsOf(leadership: Leadership<RootTerm>): Outputs {
  return {
    open(...wanted) {
      if (leadership.term) return leadership.term.outputs.open(...wanted);
      throw new HedgerowError(ERRORS.NO_LEADER, 'this root leads no more; try again');
    },
  };
}

interface TermParts {
  rootId: string;
  addresses: Addresses;
  meter: RootMeter;
  histories: Histories;
}

function createLeadership(
  deps: CoordinationDeps,
  { rootId, addresses, meter, histories }: TermParts,
): Leadership<RootTerm> {
  const { collections, shared, clock, log, lease, keepalive = KEEPALIVE, others = () => [] } = deps;
  const outbid = (epoch: number) => leadership.outbid(epoch);
  const termDeps = {
    ...{ collections, addresses, clock, log, meter, shared, keepalive, outbid, others },
    moves: histories,
  };
  const makeTerm = (reign: Reign) => new RootTerm(termDeps, reign);
  const leadership: Leadership<RootTerm> = shared
    ? new Election({
        ...{ leases: collections.leases, clock, log, rootId, lease, makeTerm },
        former: deps.former?.(rootId) ?? new Set(),
        ...{ process: ownProcess(), hasEnded },
      })
    : soleLeadership(makeTerm);
  return leadership;
}

/** A cluster that is told who leads dials there. */
function accept(session: Session, leadership: Leadership<RootTerm>): void {
  if (leadership.term) leadership.term.accept(session);
  else {
    const other = leadership.leader();
    session.refuse('NOT_LEADING', other ? 'another root leads' : 'no root leads yet', other?.address);
  }
}
