/**
 * The network table: for each service of the applications that run here, where its instances are. A worker gets the
 * entries of the applications that it hosts: all of them when it (re)connects or hosts another application, from then
 * on one message per changed service. What a worker was sent is remembered, so nothing is sent twice.
 */
import type { Clock } from '@hedgerow/common';
import { DOWN, digestTable, type TableEntry } from '@hedgerow/protos';
import type { Instances } from '../jobs/instances.ts';
import type { Instance, Worker } from '../model.ts';
import type { Downlink } from '../mqtt/downlink.ts';
import { mergeEntry, removedEntry, sameEntry } from './merge.ts';
import type { RemoteEntries } from './remote.ts';
import { Sent, type Told } from './sent.ts';
import { Texts } from './texts.ts';

export interface TablesDeps {
  clock: Clock;
  instances: Instances;
  remote: RemoteEntries;
  downlink: Downlink;
  clusterId(): string;
  carrier(instance: Pick<Instance, 'worker_id' | 'former'>): Worker | undefined;
  /** Has this worker synced and not been given up? */
  isThere(workerId: string): boolean;
  /** Does it know that a large table comes in parts? */
  takesParts(workerId: string): boolean;
}

/** ms in which the root has told everything after a Welcome */
const TOLD_IN = 10_000;
/** ms until a worker is told the table anew when its broker did not take a message of it */
const AGAIN = 10_000;

type TableTopic = typeof DOWN.table | typeof DOWN.tableResult;

export class Tables {
  readonly #deps: TablesDeps;
  readonly #entries = new Map<string, TableEntry>();
  /** job names whose entry may differ, with their application */
  readonly #dirty = new Map<string, string>();
  /** workers whose set of applications may differ */
  readonly #moved = new Set<string>();
  readonly #sent = new Sent();
  readonly #texts = new Texts();
  /** workers that are told again */
  readonly #untaken = new Set<string>();
  /** by worker: where packets to its instances go, as far as entries say it */
  readonly #ways = new Map<string, string>();
  #flushing = false;
  /** job names of other clusters' services that the root has not told since it is back */
  #stale = new Set<string>();
  #cancelSweep: () => void = () => {};

  constructor(deps: TablesDeps) {
    this.#deps = deps;
  }

  /** After loading, before anything changes. */
  load(): void {
    for (const instance of this.#deps.instances.all()) this.#touch(instance);
    for (const entry of this.#deps.remote.all()) this.#dirty.set(entry.job_name, entry.application_id);
    for (const workerId of this.#moved) this.#isElsewhere(workerId);
    this.#rebuild();
    this.#moved.clear();
  }

  instanceChanged(before: Instance | null, after: Instance | null): void {
    const instance = after ?? before;
    if (!instance) return;
    this.#touch(instance);
    if (before && before.worker_id !== after?.worker_id) this.#moved.add(before.worker_id);
    this.#flushSoon();
  }

  /** Its address changed, or it was given up or taken back. */
  workerChanged(workerId: string): void {
    if (!this.#deps.isThere(workerId)) this.#sent.lost(workerId);
    this.#moved.add(workerId);
    if (this.#isElsewhere(workerId))
      for (const instance of this.#deps.instances.onWorker(workerId)) this.#touch(instance);
    this.#flushSoon();
  }

  /** A worker that was silent for a moment is where it was, and so are its thousand instances. */
  #isElsewhere(workerId: string): boolean {
    const known = this.#ways.get(workerId);
    const worker = this.#deps.carrier({ worker_id: workerId, former: '' });
    const way = worker ? `${worker.public_address} ${worker.tunnel_port} ${worker.subnet}` : '';
    this.#ways.set(workerId, way);
    return known !== way;
  }

  /**
   * The root told of a service. It is kept whether or not its application runs here: the root tells before it places.
   */
  remoteChanged(entry: TableEntry): void {
    if (entry.job_name === '') return;
    this.#stale.delete(entry.job_name);
    this.#deps.remote.set(this.#ofOthers(entry));
    this.#dirty.set(entry.job_name, entry.application_id);
    this.#flushSoon();
  }

  /**
   * Of what the root has told, for the Hello. It is bound to tell of the applications that run here, and of others only
   * while the same stream lasts; of those that do not run here what it told is forgotten with the stream.
   */
  digest(): number {
    const left = [...this.#deps.remote.all()].filter(entry => !this.#isHosted(entry.application_id));
    for (const entry of left) this.remoteChanged(removedEntry(entry));
    return digestTable(this.#deps.remote.all(), this.#deps.clusterId());
  }

  /**
   * A new stream of the root: it tells all services of the applications that run here, and of no others.
   *
   * @param known it has nothing to tell: the table's digest is its own
   */
  rootIsBack(known: boolean): void {
    this.#cancelSweep();
    this.#stale = new Set(known ? [] : [...this.#deps.remote.all()].map(entry => entry.job_name));
    if (!known) this.#cancelSweep = this.#deps.clock.after(TOLD_IN, () => this.#sweep());
  }

  /** Until it is back, what it said last is the best there is. */
  rootIsAway(): void {
    this.#cancelSweep();
  }

  /** @returns the entry of a service of an application that runs here; of others the root is not bound to tell news */
  find(query: { sname: string; sip: string }): TableEntry | undefined {
    for (const entry of this.#entries.values()) {
      if (answersFor(entry, query) && this.#isHosted(entry.application_id)) return entry;
    }
    return undefined;
  }

  /**
   * Has the worker know what it needs before an instance starts there; resolves when the broker has it. The others are
   * told before it, but not waited for: one that reads slowly would hold up the orders of all.
   */
  async prepare(workerId: string): Promise<void> {
    this.#moved.add(workerId);
    await this.flush().get(workerId);
  }

  /** Sends what has changed. @returns by worker what resolves when the broker has it */
  flush(): ReadonlyMap<string, Promise<void>> {
    const applications = new Set(this.#dirty.values());
    this.#rebuild();
    const workers = new Set([...this.#moved, ...this.#hosts(applications)]);
    this.#moved.clear();
    return new Map([...workers].map(workerId => [workerId, this.#push(workerId)]));
  }

  /**
   * A worker says what it knows. If that is all that it needs, or what it was sent once, it is told changes alone from
   * here on.
   *
   * @param digest of the table that it was told; 0 = it knows none
   */
  recognize(workerId: string, digest: number): boolean {
    for (const host of this.#hosts(new Set(this.#dirty.values()))) this.#moved.add(host);
    this.#rebuild();
    this.#flushSoon();
    const known = [this.#wanted(workerId), ...this.#sent.candidates(workerId)];
    const told = known.find(candidate => this.#texts.digest([...candidate.values()]) === digest);
    if (digest === 0 || !told) {
      this.#sent.unsure(workerId);
      return false;
    }
    this.#sent.sure(workerId, told);
    this.#moved.add(workerId);
    return true;
  }

  /** All that the worker lacks: the whole table, unless it has said that it has what it was sent. */
  async complete(workerId: string): Promise<void> {
    if (!this.#sent.isSure(workerId)) this.#sent.forget(workerId);
    await this.prepare(workerId);
  }

  /** The worker was removed for good. */
  forget(workerId: string): void {
    this.#sent.removed(workerId);
    this.#ways.delete(workerId);
  }

  /** What the root says of this cluster's own is older, and would be another's should the root give it another id. */
  #ofOthers(entry: TableEntry): TableEntry {
    const id = this.#deps.clusterId();
    return { ...entry, instances: entry.instances.filter(({ cluster_id }) => cluster_id !== id) };
  }

  #isHosted(applicationId: string): boolean {
    return this.#deps.instances.isHosted(applicationId);
  }

  /** Services that were removed while the root was away. */
  #sweep(): void {
    const gone = [...this.#deps.remote.all()].filter(entry => this.#stale.has(entry.job_name));
    for (const entry of gone) this.remoteChanged(removedEntry(entry));
  }

  #touch(instance: Instance): void {
    this.#dirty.set(instance.service.job_name, instance.service.application_id);
    if (instance.worker_id !== '') this.#moved.add(instance.worker_id);
  }

  /** Once per turn of the event loop, however much changes in it. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.flush();
    });
  }

  #rebuild(): void {
    const { carrier, instances, remote } = this.#deps;
    const sources = { clusterId: this.#deps.clusterId(), carrier };
    for (const jobName of this.#dirty.keys()) {
      const merged = mergeEntry(instances.ofService(jobName), remote.get(jobName), sources);
      if (!merged) this.#entries.delete(jobName);
      else if (!sameEntry(merged, this.#entries.get(jobName))) this.#entries.set(jobName, merged);
    }
    this.#dirty.clear();
  }

  #hosts(applications: ReadonlySet<string>): Set<string> {
    const hosts = new Set<string>();
    for (const id of applications)
      for (const { worker_id } of this.#deps.instances.ofApplication(id)) hosts.add(worker_id);
    return hosts;
  }

  #wanted(workerId: string): Map<string, TableEntry> {
    const hosted = new Set(this.#deps.instances.onWorker(workerId).map(i => i.service.application_id));
    return new Map([...this.#entries].filter(([, entry]) => hosted.has(entry.application_id)));
  }

  async #push(workerId: string): Promise<void> {
    if (workerId === '' || !this.#deps.isThere(workerId)) return;
    const sent = this.#sent.get(workerId);
    const wanted = this.#wanted(workerId);
    this.#sent.set(workerId, wanted);
    const { downlink } = this.#deps;
    const messages = this.#messages(workerId, sent, wanted);
    const taken = await Promise.all(messages.map(({ leaf, text }) => downlink.send(workerId, leaf, text)));
    if (taken.includes(false)) this.#pushAgain(workerId);
  }

  #messages(id: string, sent: Told | undefined, wanted: Told): { leaf: TableTopic; text: Buffer }[] {
    if (!sent || isNewTo(sent, wanted)) {
      const parts = this.#texts.whole([...wanted.values()], this.#deps.takesParts(id));
      return parts.map(text => ({ leaf: DOWN.table, text }));
    }
    const changed = [...wanted.values()].filter(entry => sent.get(entry.job_name) !== entry);
    const left = [...sent.values()].filter(entry => !wanted.has(entry.job_name)).map(removedEntry);
    return [...changed, ...left].map(entry => ({ leaf: DOWN.tableResult, text: this.#texts.result(entry) }));
  }

  /** The broker did not take all of it: a part that is missing spoils the whole, and nobody would ever ask for it. */
  #pushAgain(workerId: string): void {
    this.#sent.forget(workerId);
    if (this.#untaken.has(workerId)) return;
    this.#untaken.add(workerId);
    this.#deps.clock.after(AGAIN, () => {
      this.#untaken.delete(workerId);
      void this.prepare(workerId);
    });
  }
}

/** Does the worker host an application that it has been sent nothing of? */
function isNewTo(sent: Told, wanted: Told): boolean {
  const known = new Set([...sent.values()].map(entry => entry.application_id));
  return [...wanted.values()].some(entry => !known.has(entry.application_id));
}

function answersFor(entry: TableEntry, { sname, sip: ip }: { sname: string; sip: string }): boolean {
  if (sname !== '' && entry.job_name === sname) return true;
  return entry.service_ip === ip || entry.instances.some(instance => instance.instance_ip === ip);
}
