import { type Clock, type Logger, messageOf, SerialByKey } from '@hedgerow/common';
import type {
  BeatInstance,
  DeletePayload,
  DeployPayload,
  InstanceRef,
  JobPayload,
  Status,
} from '@hedgerow/protos';
import type { Readers } from '../logs/readers.ts';
import type { Output } from '../logs/source.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import type { Context, Overlay } from './context.ts';
import { compareCommand } from './decide.ts';
import { type Desired, type DesiredStore, keyOf, wantedOf } from './desired.ts';
import { Limiter } from './limiter.ts';
import { reconcile } from './reconcile.ts';
import { about, newSlot, outputOf, type Slot, setDesired, type Telling, withStatus } from './slot.ts';

export interface InstancesDeps {
  runtime: Runtime;
  overlay: Overlay | null;
  desired: DesiredStore;
  readers: Readers;
  clock: Clock;
  log: Logger;
  publicAddress: () => string;
  /** Tells the cluster; lost when it is away, the next sync tells it again. */
  publish: (report: JobPayload) => void;
}

/** More than 4 at a time makes one Docker Engine slower, not faster (measured: 5.8/s at 1, 9.6/s at 4, 9.3/s at 8). */
const STARTS_IN_FLIGHT = 4;

/** Everything that this worker runs or has to run. */
export class Instances {
  readonly #deps: InstancesDeps;
  readonly #slots = new Map<string, Slot>();
  readonly #queue = new SerialByKey();
  readonly #context: Context;
  readonly #listeners = new Set<() => void>();
  #stopped = false;

  constructor(deps: InstancesDeps) {
    this.#deps = deps;
    this.#context = {
      ...deps,
      starts: new Limiter(STARTS_IN_FLIGHT),
      tell: (slot, telling) => this.#tell(slot, telling),
      forget: (slot, was) => {
        if (!slot.desired) this.#slots.delete(slot.key);
        this.#changed();
        const gone = { status: 'UNDEPLOYED', detail: 'stopped and removed' } as const;
        this.#write(slot, gone);
        deps.publish(withStatus(was, gone));
      },
    };
  }

  /** Reads what the worker has to run; nothing is done before `resume`. */
  async load(): Promise<void> {
    for (const desired of await this.#deps.desired.all()) {
      const slot = this.#slot(desired.deploy);
      slot.desired = desired;
      slot.requestId = desired.deploy.request_id ?? '';
      slot.report = withStatus(slot.report, firstStatus(desired));
    }
  }

  /** Looks at everything that is there and brings it to what is wanted; also when the runtime was away. */
  async resume(): Promise<void> {
    const found = await this.#deps.runtime.list();
    for (const seen of found) this.#slot(seen);
    for (const slot of this.#slots.values()) {
      slot.stale = true;
      slot.cancelWait?.();
      slot.cancelWait = null;
      this.#enqueue(slot);
    }
    const keys = [...this.#slots.values()];
    this.#deps.overlay?.holds.keep(new Set(keys.map(s => this.#deps.runtime.nameOf(s.jobName, s.number))));
    await this.#deps.overlay?.gateway.detachOthers(key => this.#slots.has(key));
  }

  /** `control/deploy`. Resolves when it is on disk. A repeated one is answered with the status, a late one ignored. */
  async deploy(deploy: DeployPayload): Promise<void> {
    const known = this.#slots.get(keyOf(deploy.job_name, deploy.instance_number));
    const order = known?.desired ? compareCommand(wantedOf(known.desired), deploy) : 'newer';
    if (known && order === 'same') return this.#deps.publish(known.report);
    if (order === 'older') return;
    const desired = await this.#deps.desired.save(deploy);
    const slot = this.#slot(deploy);
    setDesired(slot, desired);
    slot.requestId = deploy.request_id;
    const accepted = { status: 'CREATING', detail: 'accepted' } as const;
    slot.report = withStatus({ ...slot.report, ...identity(deploy) }, accepted);
    this.#write(slot, accepted);
    this.#changed();
    this.#enqueue(slot);
  }

  /** `control/delete`. Resolves when it is forgotten on disk; UNDEPLOYED is told when it is gone. */
  async delete(command: DeletePayload): Promise<void> {
    const slot = this.#slots.get(keyOf(command.job_name, command.instance_number));
    const other = slot?.desired && command.service_id && slot.report.service_id !== command.service_id;
    if (!slot || other) return this.#deps.publish(this.#gone(command));
    await this.#deps.desired.forget(slot.key);
    setDesired(slot, null);
    slot.requestId = command.request_id || slot.requestId;
    this.#deps.log.info(about(slot), 'to be removed');
    this.#changed();
    this.#enqueue(slot);
  }

  /** A command that names an instance but cannot be carried out. */
  refuse(command: DeletePayload, why: string): void {
    if (this.#slots.has(keyOf(command.job_name, command.instance_number))) return;
    this.#deps.publish(withStatus(this.#gone(command), { status: 'FAILED', detail: why }));
  }

  /** The network took back what it had attached, as it does with another subnet: what runs is attached anew. */
  wireAgain(): void {
    for (const slot of this.#slots.values()) {
      // behind a start that is under way, which may have been attached before
      void this.#queue.run(slot.key, async () => {
        slot.wiredPid = null;
      });
      this.#enqueue(slot);
    }
  }

  /** The container of this instance ended or was removed by somebody. */
  changed(jobName: string, instanceNumber: number): void {
    const slot = this.#slots.get(keyOf(jobName, instanceNumber));
    if (!slot) return;
    slot.stale = true;
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

  reports(): JobPayload[] {
    return [...this.#slots.values()].map(slot => slot.report);
  }

  /** What the beat's hash covers. */
  beatInstances(): BeatInstance[] {
    return this.reports().map(report => ({ ...report, instance_number: report.instance }));
  }

  /** Instances whose containers run now. */
  running(): Slot[] {
    return [...this.#slots.values()].filter(slot => slot.report.status === 'RUNNING');
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
      slot.change.abort();
    }
    await this.#queue.idle();
  }

  #enqueue(slot: Slot): void {
    const again = () => this.#enqueue(slot);
    this.#queue
      .run(slot.key, async () => {
        // the events of its own removal ask for a turn, too: by then the slot may be forgotten, and its key another's
        const known = this.#slots.get(slot.key) === slot;
        if (known && !this.#stopped) await reconcile(this.#context, slot, again);
      })
      .catch((error: unknown) => {
        this.#deps.log.error(about(slot), `not reconciled: ${messageOf(error)}`);
      });
  }

  #slot(of: InstanceNames): Slot {
    const key = keyOf(of.job_name, of.instance_number);
    const known = this.#slots.get(key);
    if (known) return known;
    const slot = newSlot({ ...this.#gone(of), ...identity(of) });
    this.#slots.set(key, slot);
    return slot;
  }

  #tell(slot: Slot, telling: Telling): void {
    const report = withStatus(slot.report, telling);
    const { status, status_detail, namespace_ip } = slot.report;
    const same =
      status === report.status &&
      status_detail === report.status_detail &&
      namespace_ip === report.namespace_ip;
    slot.report = report;
    this.#changed();
    if (same && telling.status !== 'RUNNING') return;
    this.#write(slot, telling);
    this.#deps.publish(report);
  }

  #write(slot: Slot, { status, detail }: Pick<Telling, 'status' | 'detail'>): void {
    const level = status === 'FAILED' || status === 'DEAD' ? 'warn' : 'info';
    this.#deps.log[level]({ ...about(slot), status }, detail);
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #gone(of: { service_id: string; job_name: string; instance_number: number }): JobPayload {
    return {
      sname: of.job_name,
      service_id: of.service_id,
      instance: of.instance_number,
      status: 'UNDEPLOYED',
      status_detail: 'not on this worker',
      publicip: this.#deps.publicAddress(),
      namespace_ip: '',
      generation: 0,
      epoch: 0,
      logs: '',
    };
  }
}

type InstanceNames = Pick<
  DeployPayload,
  'service_id' | 'job_name' | 'instance_number' | 'generation' | 'epoch'
>;

function identity(of: InstanceNames): Pick<JobPayload, 'service_id' | 'generation' | 'epoch'> {
  return { service_id: of.service_id, generation: of.generation, epoch: of.epoch };
}

function firstStatus(desired: Desired): { status: Status; detail: string } {
  return desired.completed
    ? { status: 'COMPLETED', detail: 'exited with code 0' }
    : { status: 'CREATING', detail: 'looking for the container after a restart of the Node Engine' };
}
