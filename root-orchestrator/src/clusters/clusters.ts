import { type Clock, type Collection, type Logger, type New, newId, put, update } from '@hedgerow/common';
import type { Aggregate, Hello } from '@hedgerow/protos';
import type { Reign } from '../leadership/leadership.ts';
import type { Cluster } from '../model.ts';
import type { Sessions } from '../ports.ts';
import { grew, noAggregate } from './aggregate.ts';
import type { Session } from './session.ts';
import { Throttle } from './throttle.ts';

/** What the root knows of a cluster. The store has a copy that may be a second old. */
export interface ClusterView {
  readonly id: string;
  readonly name: string;
  document: New<Cluster>;
  session: Session | null;
  /** Asked of the cluster since its last aggregate. */
  pending: { vcpus: number; memory: number };
}

const NOT_CONNECTED = -1;
/** ms between two writes of a cluster's document: its figures are for people to read. */
const WRITE_EVERY = 1000;

interface Parts {
  clusters: Collection<Cluster>;
  reign: Reign;
  clock: Clock;
  log: Logger;
}

/** All clusters that ever connected, and the streams of those that are here. */
export class Clusters implements Sessions {
  readonly #parts: Parts;
  readonly #views = new Map<string, ClusterView>();
  readonly #byName = new Map<string, ClusterView>();
  readonly #writes: Throttle;
  #unwatch = (): void => {};

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#writes = new Throttle(parts.clock, WRITE_EVERY, id => this.#write(id));
  }

  async load(): Promise<void> {
    this.#unwatch = this.#parts.clusters.watch((id, document) => {
      if (!document) this.#forget(id);
    });
    for (const document of await this.#parts.clusters.find()) this.#add(document);
  }

  isConnected(clusterId: string): boolean {
    return this.session(clusterId) !== null;
  }

  session(clusterId: string): Session | null {
    const session = this.#views.get(clusterId)?.session;
    return session?.open ? session : null;
  }

  /** Has it ever connected, and not been removed since? */
  isKnown(clusterId: string): boolean {
    return this.#views.has(clusterId);
  }

  nameOf(clusterId: string): string {
    return this.#views.get(clusterId)?.name ?? clusterId;
  }

  all(): Iterable<ClusterView> {
    return this.#views.values();
  }

  /** @returns the live stream of the cluster of this name */
  liveUnder(name: string): Session | null {
    const view = this.#byName.get(name);
    return view ? this.session(view.id) : null;
  }

  /** From here on the cluster is connected. The same name keeps its id. */
  async attach(session: Session, hello: Hello): Promise<void> {
    const view =
      this.#byName.get(hello.cluster_name) ?? this.#add(fresh(hello.cluster_name, this.#parts.clock));
    const { cluster_location: location, address, port } = hello;
    const connected_epoch = this.#parts.reign.epoch;
    const last_modified_timestamp = this.#seconds();
    view.document = {
      ...view.document,
      ...{ location, address, port, connected_epoch, last_modified_timestamp },
    };
    session.clusterId = view.id;
    session.name = view.name;
    view.session = session;
    view.pending = { vcpus: 0, memory: 0 };
    await this.#store(view);
  }

  detach(session: Session): void {
    const view = this.#views.get(session.clusterId);
    if (view?.session !== session) return;
    view.session = null;
    view.document = { ...view.document, connected_epoch: NOT_CONNECTED };
    this.#writes.hurry(view.id);
  }

  /** @returns whether there may be room now for something that did not fit before */
  setAggregate(clusterId: string, aggregate: Aggregate): boolean {
    const view = this.#views.get(clusterId);
    if (!view) return false;
    const before = view.document.aggregate;
    view.document = { ...view.document, aggregate, last_modified_timestamp: this.#seconds() };
    view.pending = { vcpus: 0, memory: 0 };
    this.#writes.request(clusterId);
    return grew(before, aggregate);
  }

  /** Counts what a cluster was asked for (or, negative, what it refused) until its next aggregate. */
  reserve(clusterId: string, vcpus: number, memory: number): void {
    const pending = this.#views.get(clusterId)?.pending;
    if (!pending) return;
    pending.vcpus = Math.max(0, pending.vcpus + vcpus);
    pending.memory = Math.max(0, pending.memory + memory);
  }

  /** Writes what is not written yet. */
  stop(): Promise<void> {
    this.#unwatch();
    return this.#writes.flush();
  }

  #add(document: New<Cluster>): ClusterView {
    const { id, name } = document;
    const view = { id, name, document, session: null, pending: { vcpus: 0, memory: 0 } };
    this.#views.set(id, view);
    this.#byName.set(name, view);
    return view;
  }

  /** Somebody has removed it. Under the same name it would come back as another one. */
  #forget(clusterId: string): void {
    const view = this.#views.get(clusterId);
    if (!view || view.session?.open) return;
    this.#views.delete(clusterId);
    this.#byName.delete(view.name);
  }

  async #write(clusterId: string): Promise<void> {
    const view = this.#views.get(clusterId);
    if (!view || !this.#parts.reign.isValid()) return;
    try {
      await this.#store(view);
    } catch (error) {
      // The next aggregate writes again; decisions are made on what is in memory.
      this.#parts.log.error({ err: error, cluster_id: clusterId }, 'figures of a cluster were not stored');
    }
  }

  /** Two writes of one cluster may be under way: the later one to land must not be the older view. */
  async #store(view: ClusterView): Promise<void> {
    const stored = await update(this.#parts.clusters, view.id, () => view.document);
    if (!stored) await put(this.#parts.clusters, view.document);
  }

  #seconds(): number {
    return this.#parts.clock.now() / 1000;
  }
}

function fresh(name: string, clock: Clock): New<Cluster> {
  return {
    id: newId(clock.now()),
    name,
    location: '',
    address: '',
    port: 0,
    aggregate: noAggregate(),
    connected_epoch: NOT_CONNECTED,
    last_modified_timestamp: clock.now() / 1000,
  };
}
