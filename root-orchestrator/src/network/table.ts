import type { Clock, Collection, Logger } from '@hedgerow/common';
import { digestTable, type TableEntry } from '@hedgerow/protos';
import type { Clusters } from '../clusters/clusters.ts';
import type { Session } from '../clusters/session.ts';
import type { Board } from '../deployments/board.ts';
import type { Service } from '../model.ts';
import { fingerprint, nameOf, removedEntry, type ServiceName, tableEntry } from './entry.ts';

/** What a stream was told, and of what it wants to hear. */
interface Told {
  readonly applications: Set<string>;
  readonly services: Map<string, { name: ServiceName; fingerprint: string; asked: boolean }>;
}

export interface TableParts {
  services: Collection<Service>;
  board: Board;
  clusters: Clusters;
  clock: Clock;
  log: Logger;
}

/** ms after which pushes are tried again when the store failed. */
const RETRY_AFTER = 1000;

/**
 * Tells clusters who answers for which service: all services of an application to every cluster that has an instance
 * of it, and any service to a cluster that asked for it. A cluster hears only what others changed.
 */
export class Table {
  readonly #parts: TableParts;
  readonly #told = new WeakMap<Session, Told>();
  readonly #touched = new Set<string>();
  #scheduled: NodeJS.Immediate | null = null;
  #cancelRetry = (): void => {};
  #stopped = false;

  constructor(parts: TableParts) {
    this.#parts = parts;
  }

  /** Something of a service changed; all that changes in one turn goes out together. */
  touch(serviceId: string): void {
    if (this.#stopped) return;
    this.#touched.add(serviceId);
    this.#scheduled ??= setImmediate(() => {
      this.#scheduled = null;
      this.#flush();
    });
  }

  /** To be called before a Place: the cluster hears of the application before it gets an instance of it. */
  async introduce(session: Session, service: Service): Promise<void> {
    const told = this.#toldTo(session);
    const hosts = this.#parts.board.hosts(session.clusterId, service.application_id);
    if (!hosts || !told.applications.has(service.application_id)) {
      await this.#tellAll(session, service.application_id);
    } else if (!told.services.has(service.id)) this.#tell(session, service.id, service, { force: true });
  }

  /**
   * Does the cluster know all that `introduceAll` would tell? Then it counts as told, and hears of what changes.
   * @param digest of what it knows, see `digestTable`
   */
  async isKnown(session: Session, digest: number): Promise<boolean> {
    const { clusterId } = session;
    const services = await this.#servicesFor(clusterId);
    const entries = services.map(
      service => [service, tableEntry(service, this.#parts.board.ofService(service.id), clusterId)] as const,
    );
    if (
      digestTable(
        entries.map(([, entry]) => entry),
        clusterId,
      ) !== digest
    )
      return false;
    const told = this.#toldTo(session);
    for (const [{ id, application_id }, entry] of entries) {
      told.applications.add(application_id);
      told.services.set(id, {
        name: nameOf(entry),
        fingerprint: fingerprint(entry, clusterId),
        asked: false,
      });
    }
    return true;
  }

  async #servicesFor(clusterId: string): Promise<Service[]> {
    const found = this.#parts.board
      .applicationsOn(clusterId)
      .map(application_id => this.#parts.services.find({ application_id }));
    return (await Promise.all(found)).flat();
  }

  /** After a Hello: everything of the applications that the cluster has. */
  async introduceAll(session: Session): Promise<void> {
    for (const applicationId of this.#parts.board.applicationsOn(session.clusterId)) {
      await this.#tellAll(session, applicationId);
    }
  }

  /** Answers a query; from then on the stream hears of changes of that service. */
  answer(session: Session, service: Service): void {
    this.#tell(session, service.id, service, { force: true, asked: true });
  }

  /** A service exists no more. */
  removed(serviceId: string): void {
    for (const session of this.#sessions()) {
      const told = this.#toldTo(session);
      const known = told.services.get(serviceId);
      if (!known) continue;
      told.services.delete(serviceId);
      session.send({ table_entry: removedEntry(known.name) });
    }
  }

  /** Streams that end later still touch services; nobody is told, and nothing is tried again for ever. */
  stop(): void {
    this.#stopped = true;
    if (this.#scheduled) clearImmediate(this.#scheduled);
    this.#cancelRetry();
  }

  #flush(): void {
    for (const serviceId of this.#touched) {
      this.#touched.delete(serviceId);
      this.#tellEverybody(serviceId).catch((error: unknown) => {
        if (this.#stopped) return;
        this.#parts.log.error({ err: error, service: serviceId }, 'a table entry was not sent; tried again');
        this.#cancelRetry();
        this.#touched.add(serviceId);
        this.#cancelRetry = this.#parts.clock.after(RETRY_AFTER, () => this.#flush());
      });
    }
  }

  async #tellEverybody(serviceId: string): Promise<void> {
    const service = await this.#parts.services.get(serviceId);
    if (!service && this.#parts.board.ofService(serviceId).length === 0) return this.removed(serviceId);
    for (const session of this.#sessions()) {
      const known = this.#toldTo(session).services.get(serviceId);
      const name = service ?? known?.name;
      if (!name) continue;
      if (known?.asked || this.#parts.board.hosts(session.clusterId, name.application_id)) {
        this.#tell(session, serviceId, name, {});
      }
    }
  }

  async #tellAll(session: Session, applicationId: string): Promise<void> {
    this.#toldTo(session).applications.add(applicationId);
    for (const service of await this.#parts.services.find({ application_id: applicationId })) {
      this.#tell(session, service.id, service, { force: true });
    }
  }

  #tell(
    session: Session,
    serviceId: string,
    name: ServiceName,
    { force = false, asked = false }: { force?: boolean; asked?: boolean },
  ): void {
    const told = this.#toldTo(session);
    const entry: TableEntry = tableEntry(name, this.#parts.board.ofService(serviceId), session.clusterId);
    const known = told.services.get(serviceId);
    const print = fingerprint(entry, session.clusterId);
    if (!force && known?.fingerprint === print) return;
    told.services.set(serviceId, {
      name: nameOf(entry),
      fingerprint: print,
      asked: asked || (known?.asked ?? false),
    });
    session.send({ table_entry: entry });
  }

  *#sessions(): Iterable<Session> {
    for (const { session } of this.#parts.clusters.all()) if (session?.open) yield session;
  }

  #toldTo(session: Session): Told {
    const told = this.#told.get(session) ?? { applications: new Set(), services: new Map() };
    this.#told.set(session, told);
    return told;
  }
}
