/**
 * The engine's side of the Net Manager, which may be another process that comes later, restarts or forgets: it is
 * registered again, told the table again, and nothing that has to be undone is lost.
 */
import { backoff, type Clock, HedgerowError, type Logger, messageOf } from '@hedgerow/common';
import {
  type AttachRequest,
  type AttachResult,
  type DetachRequest,
  digestTable,
  type NetManager,
  type NetRegistration,
  NetRequestError,
  type TableEntry,
  type TablePayload,
} from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import { TableParts } from './table-parts.ts';
import type { InstanceName, Withheld } from './withheld.ts';

const RETRY = { first: 200, max: 5000, jitter: 0.2 };

/** What the Net Manager has not been told: the whole table, or these services. */
type Unsent = 'all' | Map<string, TableEntry>;

export interface GatewayDeps {
  clock: Clock;
  log: Logger;
  withheld: Withheld;
}

export class NetGateway {
  readonly #net: NetManager;
  readonly #clock: Clock;
  readonly #log: Logger;
  #registration: NetRegistration | null = null;
  /** what the cluster last told, perhaps to an engine before this one; null = not known, so that a Net Manager's own
   * memory is not overwritten */
  #table: Map<string, TableEntry> | null = null;
  readonly #parts = new TableParts();
  #unsent: Unsent = new Map();
  /** what the cluster told is sent without their addresses */
  readonly #withheld: Withheld;
  readonly #detaching = new Map<string, DetachRequest>();
  /** registered, and everything that was told has arrived */
  #current = false;
  #attempt = 0;
  #cancelRetry = (): void => {};
  /** writes in the order in which they were asked for */
  #tail: Promise<void> = Promise.resolve();
  #whenReady = Promise.withResolvers<void>();

  constructor(net: NetManager, { clock, log, withheld }: GatewayDeps) {
    this.#net = net;
    this.#clock = clock;
    this.#log = log;
    this.#withheld = withheld;
  }

  /** Goes on trying in the background until the Net Manager has it. */
  register(registration: NetRegistration): void {
    this.#registration = registration;
    this.#outdated();
    void this.#inOrder(() => this.#recover());
  }

  /** Resolves when the Net Manager has been registered; `onWait` is called when that is not so yet. */
  async ready(onWait: () => void): Promise<void> {
    if (this.#current) return;
    await this.#tail;
    if (this.#current) return;
    onWait();
    await this.#whenReady.promise;
  }

  /** Table changes that came before are in force when this resolves. @param about for the log @throws NETWORK_FAILED */
  async attach(request: AttachRequest, about: object = {}): Promise<AttachResult> {
    await this.#tail;
    try {
      return await this.#net.attach(request);
    } catch (first) {
      this.#log.warn({ ...about }, `attach, first try: ${messageOf(first)}`);
    }
    try {
      await this.#inOrder(() => this.#recover());
      return await this.#net.attach(request);
    } catch (cause) {
      const message = `the network could not be attached: ${messageOf(cause)}`;
      throw new HedgerowError(ERRORS.NETWORK_FAILED, message, { cause });
    }
  }

  /** Never throws: what cannot be detached now is detached when the Net Manager answers again. */
  async detach(request: DetachRequest): Promise<void> {
    const key = `${request.serviceName}/${request.instanceNumber}`;
    this.#detaching.set(key, request);
    try {
      await this.#net.detach(request);
      this.#detaching.delete(key);
    } catch (error) {
      this.#failed(error);
    }
  }

  /**
   * Detaches what an earlier life of the engine has left.
   * @param isKnown asked for each `<job name>/<number>` at the last moment: instances come meanwhile
   */
  async detachOthers(isKnown: (key: string) => boolean): Promise<void> {
    try {
      const { attachments } = await this.#net.status();
      for (const { serviceName, instanceNumber } of attachments) {
        if (!isKnown(`${serviceName}/${instanceNumber}`)) await this.detach({ serviceName, instanceNumber });
      }
    } catch (error) {
      this.#log.warn({}, `attachments not compared: ${messageOf(error)}`);
    }
  }

  /** The whole table, when this is the last part of it. */
  takeTable(payload: TablePayload): void {
    const all = this.#parts.take(payload);
    if (all) this.setTable(all);
  }

  /** The whole table. */
  setTable(entries: readonly TableEntry[]): void {
    this.#table = new Map(entries.filter(e => !e.removed).map(entry => [entry.job_name, entry]));
    for (const entry of entries) this.#withheld.told(entry);
    this.#unsent = 'all';
    void this.#inOrder(() => this.#flush());
  }

  /** Of what the cluster told last; 0 = nobody has said what that is since this engine began. */
  tableDigest(): number {
    return this.#table ? digestTable(this.#table.values()) : 0;
  }

  /** One service. */
  setEntry(entry: TableEntry): void {
    if (entry.removed) this.#table?.delete(entry.job_name);
    else this.#table?.set(entry.job_name, entry);
    this.#withheld.told(entry);
    if (this.#unsent !== 'all') this.#unsent.set(entry.job_name, entry);
    void this.#inOrder(() => this.#flush());
  }

  /**
   * Takes an instance of this worker out of its service IP here, at once and also while the cluster is away; it stays out,
   * whatever the cluster tells, until `include`. Never throws. Resolves when it is in force, or could not be told: then it
   * is told with everything else when the Net Manager answers again, or has said what else belongs to the service.
   */
  async exclude(instance: InstanceName): Promise<void> {
    const entry = this.#table?.get(instance.serviceName) ?? null;
    if (this.#withheld.add(instance, entry)) this.#tellAgain(instance, entry);
    await this.#tail;
  }

  /** It serves again: what the cluster told of it counts again, perhaps to an engine before this one. */
  include(instance: InstanceName): void {
    const withheld = this.#withheld.delete(instance);
    if (!withheld) return;
    const entry = this.#table ? this.#table.get(instance.serviceName) : withheld.entry;
    this.#tellAgain(instance, entry ?? null);
  }

  /** There is no such instance any more. Nothing is told: it is for the cluster to say what becomes of its entry. */
  forget(instance: InstanceName): void {
    this.#withheld.delete(instance);
  }

  async stop(): Promise<void> {
    this.#registration = null;
    this.#cancelRetry();
    await this.#withheld.settled();
  }

  #tellAgain({ serviceName, instanceNumber }: InstanceName, entry: TableEntry | null): void {
    const listed = entry?.instances.find(i => i.instance_number === instanceNumber);
    if (!entry || !listed || listed.namespace_ip === '') return;
    if (this.#unsent !== 'all') this.#unsent.set(serviceName, entry);
    void this.#inOrder(() => this.#flush());
  }

  /** @returns what the write itself does; its failure is dealt with here, whether or not anybody waits for it */
  #inOrder(write: () => Promise<void>): Promise<void> {
    const written = this.#tail.then(write);
    this.#tail = written.catch((error: unknown) => this.#failed(error));
    return written;
  }

  /** From here on `ready` waits. */
  #outdated(): void {
    if (this.#current) this.#whenReady = Promise.withResolvers<void>();
    this.#current = false;
  }

  #failed(error: unknown): void {
    if (!this.#registration) return;
    this.#log.warn({ attempt: this.#attempt }, `Net Manager: ${messageOf(error)}`);
    this.#outdated();
    this.#cancelRetry();
    this.#cancelRetry = this.#clock.after(backoff(this.#attempt++, RETRY), () => {
      void this.#inOrder(() => this.#recover());
    });
  }

  /** Sends what the Net Manager has not been told yet; what does not arrive stays unsent. */
  async #flush(): Promise<void> {
    const unsent = this.#unsent;
    this.#unsent = new Map();
    try {
      const own = this.#registration?.client_id ?? '';
      const without = (entries: Iterable<TableEntry>) =>
        [...entries].map(e => this.#withheld.without(e, own));
      if (unsent === 'all') await this.#net.setTable(without(this.#table?.values() ?? []));
      else await Promise.all(without(unsent.values()).map(entry => this.#net.setEntry(entry)));
    } catch (error) {
      this.#unsent = both(unsent, this.#unsent);
      throw error;
    }
  }

  /** An engine that has just begun learns from the Net Manager what the cluster told the one before it. */
  async #readBack(): Promise<void> {
    const found = await this.#net.table().catch(nothingOfEarlier);
    // the whole table, or some entries, may have come meanwhile
    if (found.length === 0 || this.#table || this.#unsent === 'all') return;
    const own = this.#registration?.client_id ?? '';
    const table = new Map(found.map(entry => [entry.job_name, this.#withheld.whole(entry)]));
    const outdated = found.filter(entry => !this.#withheld.isWithout(entry, own));
    const missed = outdated.flatMap(({ job_name }) => table.get(job_name) ?? []);
    for (const entry of this.#unsent.values()) {
      if (entry.removed) table.delete(entry.job_name);
      else table.set(entry.job_name, entry);
    }
    this.#table = table;
    this.#unsent = new Map([...missed.map(entry => [entry.job_name, entry] as const), ...this.#unsent]);
  }

  /** Tells everything again; each of it is idempotent. */
  async #recover(): Promise<void> {
    if (!this.#registration) return;
    await this.#net.register(this.#registration);
    if (this.#table) this.#unsent = 'all';
    else await this.#readBack();
    await this.#flush();
    for (const [key, request] of this.#detaching) {
      await this.#net.detach(request);
      this.#detaching.delete(key);
    }
    this.#current = true;
    this.#attempt = 0;
    this.#cancelRetry();
    this.#whenReady.resolve();
  }
}

/** A Net Manager of before it could be asked. */
function nothingOfEarlier(error: unknown): TableEntry[] {
  if (error instanceof NetRequestError && error.http === 404) return [];
  throw error;
}

function both(earlier: Unsent, later: Unsent): Unsent {
  return earlier === 'all' || later === 'all' ? 'all' : new Map([...earlier, ...later]);
}
