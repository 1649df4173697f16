import { isErrorOf, SerialByKey, update } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import type { Reign, Term } from '../leadership/leadership.ts';
import type { Instance, Rollout, Service } from '../model.ts';
import { addInstance } from '../services/add-instance.ts';
import { type ChangesDeps, removeInstances } from '../services/changes.ts';
import { decide, failed, hasFailed, isOld, type Seen, type Step } from './decide.ts';
import { ended, isUnderWay, turned } from './turns.ts';

/** ms after which a step that failed is tried again */
const AGAIN_AFTER = 5_000;

/** An update in the middle, as it is stored. */
interface Course {
  service: Service;
  rollout: Rollout;
  instances: Instance[];
}

/**
 * Takes every update of a service to its end: instances are replaced one by one. All that it knows is in the store, so
 * that another process goes on where this one stopped; only how long new instances have been there is counted anew.
 * Runs in the root that leads.
 */
export class Rollouts implements Term {
  readonly #parts: ChangesDeps;
  readonly #reign: Pick<Reign, 'isValid'>;
  readonly #serial = new SerialByKey();
  /** services with an update under way, and what was seen of their new instances */
  readonly #courses = new Map<string, Map<string, Seen>>();
  readonly #queued = new Set<string>();
  readonly #timers = new Map<string, () => void>();
  #watches: (() => void)[] = [];
  #running = false;

  constructor(parts: ChangesDeps, reign: Pick<Reign, 'isValid'> = { isValid: () => true }) {
    this.#parts = parts;
    this.#reign = reign;
  }

  /** Takes up what is under way, and from then on everything that begins, in this process or another. */
  async start(): Promise<void> {
    const { services, instances } = this.#parts.collections;
    this.#running = true;
    this.#watches = [
      services.watch((id, service) => this.#follow(id, service)),
      instances.watch(id => this.#poke(id.split('/')[0] ?? '')),
    ];
    for (const service of await services.find()) this.#follow(service.id, service);
  }

  async stop(): Promise<void> {
    this.#running = false;
    for (const stop of this.#watches) stop();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    await this.#serial.idle();
    this.#courses.clear();
  }

  #follow(id: string, service: Service | null): void {
    if (!service || !isUnderWay(service.rollout)) {
      this.#forget(id);
      return;
    }
    if (!this.#courses.has(id)) this.#courses.set(id, new Map());
    this.#poke(id);
  }

  #forget(id: string): void {
    this.#courses.delete(id);
    this.#timers.get(id)?.();
    this.#timers.delete(id);
  }

  /** However much happens while a look is waiting for its turn, one look is enough. */
  #poke(id: string): void {
    if (!this.#running || !this.#courses.has(id) || this.#queued.has(id)) return;
    this.#queued.add(id);
    void this.#serial.run(id, async () => {
      this.#queued.delete(id);
      try {
        await this.#proceed(id);
      } catch (error) {
        this.#parts.log.error({ err: error, service: id }, 'a step of an update failed and is tried again');
        this.#wakeAt(id, this.#parts.clock.monotonic() + AGAIN_AFTER);
      }
    });
  }

  /** Step by step, as far as it goes without waiting. */
  async #proceed(id: string): Promise<void> {
    while (this.#running && this.#reign.isValid()) {
      const course = await this.#read(id);
      if (!course) return this.#forget(id);
      const now = this.#parts.clock.monotonic();
      const seen = this.#look(course, now);
      const step = decide({
        ...course,
        now,
        seen: instance => seen.get(instance) ?? { since: now, running: null, failing: null },
      });
      if (step.kind === 'wait') return this.#wakeAt(id, step.until);
      await this.#take(step, course);
    }
  }

  async #read(id: string): Promise<Course | null> {
    const { services, instances } = this.#parts.collections;
    const service = await services.get(id);
    if (!service || !isUnderWay(service.rollout)) return null;
    return { service, rollout: service.rollout, instances: await instances.find({ service_id: id }) };
  }

  #look({ service, rollout, instances }: Course, now: number): Map<string, Seen> {
    const seen = this.#courses.get(service.id) ?? new Map<string, Seen>();
    for (const instance of instances) {
      if (isOld(rollout, instance)) continue;
      const { since = now, running = null, failing = null } = seen.get(instance.id) ?? {};
      seen.set(instance.id, {
        since,
        running: instance.status === 'RUNNING' ? (running ?? now) : null,
        failing: failing ?? (hasFailed(instance) ? now : null),
      });
    }
    return seen;
  }

  async #take(step: Exclude<Step, { kind: 'wait' }>, course: Course): Promise<void> {
    this.#log(step, course);
    switch (step.kind) {
      case 'replace':
        return this.#replace(step.old, course);
      case 'remove':
        await this.#remove(step.instances, course.rollout);
        if (step.detail !== null) await this.#tell(course, step.detail);
        return;
      case 'turn':
        return this.#change(course, (current, of) => turned(current, of, step.why));
      case 'end':
        return this.#end(step.failure, course);
    }
  }

  /** Without a free address there will be none soon: that is a failure like any other. */
  async #replace(old: Instance, course: Course): Promise<void> {
    const { service, rollout } = course;
    try {
      const wish = { requestId: rollout.request_id, replaces: old.instance_number };
      const successor = await addInstance(this.#parts, service.id, wish);
      // Whoever removed the old one meanwhile may not have seen its successor.
      const now = await this.#parts.collections.instances.get(old.id);
      if (now?.desired !== 'run') await this.#remove([successor], rollout);
    } catch (error) {
      if (!isErrorOf(error, ERRORS.ADDRESSES_EXHAUSTED)) throw error;
      await this.#take(failed(rollout, error.message), course);
    }
  }

  async #remove(instances: readonly Instance[], { request_id }: Rollout): Promise<void> {
    await removeInstances(this.#parts, instances, request_id);
  }

  /** A successor that failed goes, since what it was to replace stays. */
  async #end(failure: string | null, course: Course): Promise<void> {
    const { rollout, instances } = course;
    if (failure !== null) {
      const isLeft = (instance: Instance) => instance.desired === 'run';
      const numbers = new Set(instances.filter(isLeft).map(({ instance_number }) => instance_number));
      const idle = instances.filter(
        i => isLeft(i) && i.generation === rollout.to.generation && numbers.has(i.replaces ?? -1),
      );
      await this.#remove(idle, rollout);
    }
    await this.#change(course, (current, of) => ended(current, of, failure));
  }

  /** How far it is. On the way back the reason for it stays. */
  async #tell(course: Course, detail: string): Promise<void> {
    if (course.rollout.state === 'undoing') return;
    await this.#change(course, (current, of) => ({ ...current, rollout: { ...of, detail } }));
  }

  /** Nothing when the update has taken another turn since it was read. */
  async #change(
    { service, rollout }: Course,
    change: (service: Service, rollout: Rollout) => Omit<Service, 'revision'>,
  ): Promise<void> {
    await update(this.#parts.collections.services, service.id, current => {
      const same =
        current.rollout?.state === rollout.state && current.rollout.to.generation === rollout.to.generation;
      return same && current.rollout ? change(current, current.rollout) : null;
    });
  }

  #log(step: Step, { service, rollout }: Course): void {
    const { request_id, state } = rollout;
    const fields = { service: service.id, job_name: service.job_name, request_id, state };
    if (step.kind === 'turn') this.#parts.log.warn({ ...fields, why: step.why }, 'an update is undone');
    if (step.kind === 'end') this.#parts.log.info({ ...fields, failure: step.failure }, 'an update ended');
  }

  #wakeAt(id: string, until: number): void {
    this.#timers.get(id)?.();
    const wait = Math.max(1, until - this.#parts.clock.monotonic());
    this.#timers.set(
      id,
      this.#parts.clock.after(wait, () => {
        this.#timers.delete(id);
        this.#poke(id);
      }),
    );
  }
}
