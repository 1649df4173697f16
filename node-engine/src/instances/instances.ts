import { type Clock, type Logger, messageOf, SerialByKey } from '@hedgerow/common';
import type { BeatInstance, DeletePayload, DeployPayload, InstanceRef, JobPayload } from '@hedgerow/protos';
import type { MonitorParts } from '../health/monitor.ts';
import type { Readers } from '../logs/readers.ts';
import type { Output } from '../logs/source.ts';
import type { Listed, Runtime } from '../runtimes/runtime.ts';
import type { Context, Overlay } from './context.ts';
import { compareCommand } from './decide.ts';
import { type DesiredStore, keyOf, wantedOf } from './desired.ts';
import { absent, type Identity, type InstanceName, identityOf } from './identity.ts';
import { Leaks } from './leaks.ts';
import { Limiter } from './limiter.ts';
import { reconcile } from './reconcile.ts';
import { about, isLiving, newSlot, outputOf, type Slot, setDesired, withStatus } from './slot.ts';
import { type SweepParts, sweep } from './sweep.ts';
import { reportWith, Teller } from './teller.ts';

export interface InstancesDeps {
  runtime: Runtime;
  overlay: Overlay | null;
  desired: DesiredStore;
  readers: Readers;
  /** makes one health check */
  probe: MonitorParts['probe'];
  random: () => number;
  clock: Clock;
  log: Logger;
  workerId: string;
  /** The machine was started since an engine looked at its containers last: what has ended ended with it. */
  rebooted: boolean;
  publicAddress: () => string;
  /** Tells the cluster. @returns false when it is away: what was to be told waits for the next report */
  publish: (report: JobPayload) => boolean;
}

/** More than 4 at a time makes one Docker Engine slower, not faster (measured: 5.8/s at 1, 9.6/s at 4, 9.3/s at 8). */
const STARTS_IN_FLIGHT = 4;
/** ms that one of them keeps others waiting: a call that hangs goes on alone, until the runtime gives it up */
const START_PATIENCE = 10_000;

const LOOKING = 'looking for the container after a restart of the Node Engine';

/** Everything that this worker runs or has to run. */
export class Instances {
  readonly #deps: InstancesDeps;
  readonly #slots = new Map<string, Slot>();
  readonly #queue = new SerialByKey();
  readonly #context: Context;
  readonly #teller: Teller;
  readonly #leaks: Leaks;
  readonly #listeners = new Set<() => void>();
  #stopped = false;

  constructor(deps: InstancesDeps) {
    this.#deps = deps;
    this.#leaks = new Leaks(deps.log);
    this.#teller = new Teller({ ...deps, changed: () => this.#changed() });
    this.#context = {
      ...deps,
      starts: new Limiter(STARTS_IN_FLIGHT, { clock: deps.clock, ms: START_PATIENCE }),
      tell: (slot, telling) => this.#teller.tell(slot, telling),
      beside: (slot, work) => this.#beside(slot, work),
      again: slot => this.#enqueue(slot),
      forget: (slot, was) => this.#forget(slot, was),
    };
  }

  /** Reads what the worker has to run; nothing is done before `resume`. */
  async load(): Promise<void> {
    for (const desired of await this.#deps.desired.all()) {
      const slot = this.#slot(desired.deploy);
      slot.desired = desired;
      slot.restarts = { ...slot.restarts, count: desired.tried.count };
      slot.counted = desired.tried.container;
      slot.requestId = desired.deploy.request_id ?? '';
      slot.report = withStatus(slot.report, desired.ended ?? { status: 'CREATING', detail: LOOKING });
      slot.takenAlong = this.#deps.rebooted;
      slot.unsaid = true;
    }
  }

  /** Looks at everything that is there and brings it to what is wanted; also when the runtime was away. */
  async resume(): Promise<void> {
    const found = await this.#deps.runtime.list();
    for (const slot of this.#slots.values()) {
      slot.stale = true;
      slot.takenAlong ||= slot.seen?.state === 'running';
      slot.cancelWait?.();
      slot.cancelWait = null;
      this.#enqueue(slot);
    }
    // what was being removed when this engine, or the one before it, was interrupted is no leak
    const swept = this.#sweep(found, { found: () => {} });
    await this.#deps.overlay?.gateway.detachOthers(key => this.#slots.get(key)?.desired?.ended === null);
    await swept;
  }

  /** Is there anything of which this engine does not know yet whether it runs? What has to be started first does not. */
  get isAdopting(): boolean {
    return [...this.#slots.values()].some(({ unsaid, desired }) => unsaid && desired?.ended === null);
  }

  /** Removes what carries this worker's labels and belongs to no instance. @throws RUNTIME_AWAY, RUNTIME_FAILED */
  async sweep(): Promise<void> {
    await this.#sweep(await this.#deps.runtime.list());
  }

  /** `control/deploy`. Resolves when it is on disk. A repeated one is answered with the status, a late one ignored. */
  async deploy(deploy: DeployPayload): Promise<void> {
    const known = this.#slots.get(keyOf(deploy.job_name, deploy.instance_number));
    const order = known?.desired ? compareCommand(wantedOf(known.desired), deploy) : 'newer';
    if (known && order === 'same') return this.#teller.publish(known, known.report);
    if (order === 'older') return;
    const desired = await this.#deps.desired.save(deploy);
    const slot = this.#slot(deploy);
    setDesired(slot, desired);
    slot.requestId = deploy.request_id;
    // another service of the same name has a history of its own
    if (slot.report.service_id !== deploy.service_id) slot.moves = [];
    slot.report = { ...slot.report, ...identityOf(deploy) };
    this.#teller.accept(slot, { status: 'CREATING', detail: 'accepted' });
    this.#enqueue(slot);
  }

  /** `control/delete`. Resolves when it is forgotten on disk; UNDEPLOYED is told when it is gone. */
  async delete(command: DeletePayload): Promise<void> {
    const slot = this.#slots.get(keyOf(command.job_name, command.instance_number));
    const other = slot?.desired && command.service_id && slot.report.service_id !== command.service_id;
    if (!slot || other) return void this.#deps.publish(this.#gone(command));
    await this.#deps.desired.forget(slot.key);
    setDesired(slot, null);
    slot.requestId = command.request_id || slot.requestId;
    this.#deps.log.info(about(slot), 'to be removed');
    this.#changed();
    this.#enqueue(slot);
  }

  /** An order that names an instance but cannot be carried out. What runs of it goes on, and is not what this tells of. */
  refuse(command: DeletePayload, why: string): void {
    this.#deps.publish(withStatus(this.#gone(command), { status: 'FAILED', detail: why }));
  }

  /**
   * The network took back what it had attached, as it does with another subnet: what runs is attached anew.
   * @param why a sentence for the history, if that is known
   */
  wireAgain(why = ''): void {
    for (const slot of this.#slots.values()) {
      // behind a start that is under way, which may have been attached before
      void this.#queue.run(slot.key, async () => {
        slot.wiredPid = null;
        slot.rewired = why;
      });
      this.#enqueue(slot);
    }
  }

  /** The container of this instance ended or was removed by somebody. */
  changed(jobName: string, instanceNumber: number): void {
    const slot = this.#slots.get(keyOf(jobName, instanceNumber));
    if (!slot) return;
    slot.stale = true;
    slot.endHeard = true;
    this.#enqueue(slot);
  }

  /** Where what the instance prints is to be had; null when there is no such instance. */
  output(ref: InstanceRef): Output | null {
    const { service_id, instance_number } = ref;
    const slot = [...this.#slots.values()].find(
      ({ number, report }) => number === instance_number && report.service_id === service_id,
    );
    return slot ? outputOf(slot) : null;
  }

  /** Calls back whenever an instance's status or its wish changed. @returns a function that ends it */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  all(): Slot[] {
    return [...this.#slots.values()];
  }

  /** Of everything, with the moves that the cluster has not been told. */
  reports(): JobPayload[] {
    return [...this.#slots.values()].map(slot => reportWith(slot.report, slot.moves));
  }

  /**
   * Reports with moves that the cluster has not been told, and is told now: to be called when there is a session to say
   * them in. Those that wait for last lines are told with them.
   */
  untold(): JobPayload[] {
    return [...this.#slots.values()]
      .filter(slot => slot.moves.length > 0 && !slot.held)
      .map(slot => {
        const report = reportWith(slot.report, slot.moves);
        slot.moves = [];
        return report;
      });
  }

  /** Leaks that were found since this engine began, by kind. */
  leaks(): Leaks['counts'] {
    return this.#leaks.counts;
  }

  /** What the beat's hash covers. */
  beatInstances(): BeatInstance[] {
    return [...this.#slots.values()].map(({ report }) => ({ ...report, instance_number: report.instance }));
  }

  /** Instances whose containers run now. */
  running(): Slot[] {
    return [...this.#slots.values()].filter(({ report }) => isLiving(report.status));
  }

  /** Resolves when nothing is being done. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  /** Finishes what is being done and begins nothing more; what runs goes on running. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const slot of this.#slots.values()) {
      slot.cancelWait?.();
      slot.monitor?.stop();
      slot.change.abort();
    }
    await this.#queue.idle();
    for (const slot of this.#slots.values()) {
      slot.monitor?.stop();
      await slot.held;
    }
  }

  #enqueue(slot: Slot): void {
    this.#queue
      .run(slot.key, async () => {
        // the events of its own removal ask for a turn, too: by then the slot may be forgotten, and its key another's
        const known = this.#slots.get(slot.key) === slot;
        if (known && !this.#stopped) await reconcile(this.#context, slot);
      })
      .catch((error: unknown) => {
        this.#deps.log.error(about(slot), `not reconciled: ${messageOf(error)}`);
      });
  }

  #beside(slot: Slot, work: () => Promise<void>): void {
    this.#queue.run(`${slot.key} beside`, work).catch((error: unknown) => {
      this.#deps.log.warn(about(slot), `left for the next sweep: ${messageOf(error)}`);
    });
  }

  #sweep(found: readonly Listed[], leaks: SweepParts['leaks'] = this.#leaks): Promise<void> {
    const [queue, slots] = [this.#queue, this.#slots];
    const adopt = (listed: Listed) => this.#enqueue(this.#slot(listed));
    return sweep({ ...this.#deps, queue, slots, leaks, adopt }, found);
  }

  #forget(slot: Slot, was: JobPayload): void {
    if (!slot.desired) {
      this.#slots.delete(slot.key);
      this.#deps.overlay?.gateway.forget({ serviceName: slot.jobName, instanceNumber: slot.number });
    }
    this.#changed();
    this.#teller.gone(slot, was, 'stopped and removed');
  }

  #slot(of: InstanceName & Identity): Slot {
    const key = keyOf(of.job_name, of.instance_number);
    const known = this.#slots.get(key);
    if (known) return known;
    const slot = newSlot({ ...this.#gone(of), ...identityOf(of) });
    this.#slots.set(key, slot);
    return slot;
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #gone(of: InstanceName): JobPayload {
    return absent(of, this.#deps.publicAddress());
  }
}
