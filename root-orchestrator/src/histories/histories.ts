/**
 * What happened to each instance, stored behind the work: nobody waits for it. What is recorded within one window is
 * written together, so that an embedded store commits once for all of it; a root that dies loses a window.
 */
import { type Clock, type Collection, every, type Logger, messageOf, put, update } from '@hedgerow/common';
import type { Handles, MetricRegistry } from '@hedgerow/common/metrics';
import { withMoves } from '@hedgerow/protos';
import { ROOT_METRICS } from '../metrics/table.ts';
import type { History, Instance, PlacedMove, Service } from '../model.ts';
import type { HistoryReader, MoveRecorder } from '../ports.ts';
import { forgetGone, isOver } from './gone.ts';
import { type Entry, Waiting } from './waiting.ts';

export interface HistoriesDeps {
  histories: Collection<History>;
  instances: Pick<Collection<Instance>, 'watch'>;
  services: Pick<Collection<Service>, 'get' | 'watch'>;
  clock: Clock;
  log: Logger;
  metrics: MetricRegistry;
  /** Over a shared store every root hears that an instance is gone; the one that leads removes its history. */
  leads: () => boolean;
}

/** ms from the first move that is not stored to its write; a deployment takes about as long */
const WINDOW = 500;
/** ms until a store that failed is tried again */
const AGAIN = 5_000;
/** histories of one commit: more would hold up what is written for somebody who waits */
const BATCH = 100;
/** ms between two looks for histories that have been kept for long enough */
const LOOK = 3_600_000;

export class Histories implements MoveRecorder, HistoryReader {
  readonly #deps: HistoriesDeps;
  readonly #metrics: Pick<Handles<typeof ROOT_METRICS>, 'historiesWritten' | 'movesLost'>;
  readonly #waiting: Waiting;
  readonly #ends: readonly (() => void)[];
  #cancel: (() => void) | null = null;
  #writing: Promise<void> = Promise.resolve();
  #stopped = false;
  #troubled = false;

  constructor(deps: HistoriesDeps) {
    this.#deps = deps;
    this.#metrics = deps.metrics.open(ROOT_METRICS);
    this.#metrics.historiesWritten.add(0);
    this.#metrics.movesLost.add(0);
    this.#waiting = new Waiting(moves => this.#metrics.movesLost.add(moves));
    this.#ends = [
      deps.instances.watch((id, instance) => {
        if (!instance) this.#gone(id);
      }),
      deps.services.watch((id, service) => {
        if (!service) this.#forget({ service_id: id }, () => true);
      }),
      every(deps.clock, LOOK, () => this.#forget({}, isOver(deps.clock.now()))),
    ];
  }

  record(
    { id, service_id }: Pick<Instance, 'id' | 'service_id'>,
    moves: readonly PlacedMove[],
    kept?: 'kept',
  ): void {
    if (moves.length === 0) return;
    this.#waiting.add(id, service_id, moves, kept === 'kept');
    this.#writeIn(WINDOW);
  }

  async of(instanceId: string): Promise<readonly PlacedMove[]> {
    const stored = await this.#deps.histories.get(instanceId);
    return withMoves(stored?.moves ?? [], this.#waiting.of(instanceId).moves);
  }

  async ofGone(instanceId: string): Promise<readonly PlacedMove[] | null> {
    const stored = await this.#deps.histories.get(instanceId);
    const { kept, moves } = this.#waiting.of(instanceId);
    return kept || stored?.kept === true ? withMoves(stored?.moves ?? [], moves) : null;
  }

  /** Writes what waits, once. To be called before the store is closed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const end of this.#ends) end();
    this.#cancel?.();
    await this.#write();
  }

  #gone(id: string): void {
    if (!this.#deps.leads()) return;
    this.#waiting.gone(id);
    this.#writeIn(WINDOW);
  }

  /** What cannot be removed now is found in an hour, or by the sweep. */
  #forget(of: Partial<Pick<History, 'service_id'>>, which: (history: History) => boolean): void {
    if (!this.#deps.leads()) return;
    forgetGone(this.#deps.histories, of, which).catch((error: unknown) => {
      this.#deps.log.warn({ cause: messageOf(error) }, 'histories of what is gone are not removed yet');
    });
  }

  #writeIn(ms: number): void {
    if (this.#stopped || this.#cancel !== null) return;
    this.#cancel = this.#deps.clock.after(ms, () => {
      this.#cancel = null;
      void this.#write();
    });
  }

  /** One after the other: two writes of one history would only be in each other's way. */
  #write(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#writeAll());
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    const failures: unknown[] = [];
    const taken = this.#waiting.take();
    for (let at = 0; at < taken.length; at += BATCH) {
      const batch = taken.slice(at, at + BATCH);
      await Promise.all(
        batch.map(([id, entry]) =>
          this.#store(id, entry).catch((error: unknown) => {
            this.#waiting.putBack(id, entry);
            failures.push(error);
          }),
        ),
      );
    }
    this.#tell(failures);
    if (this.#waiting.size > 0) this.#writeIn(failures.length > 0 ? AGAIN : WINDOW);
  }

  async #store(id: string, entry: Entry): Promise<void> {
    if (entry.gone && !(await this.#outlives(id, entry))) {
      await this.#deps.histories.remove(id);
      return;
    }
    const { serviceId: service_id, kept, gone } = entry;
    const { histories, clock } = this.#deps;
    const over = { ...(kept ? { kept } : {}), ...(gone ? { gone_at: clock.now() } : {}) };
    const known = await update(histories, id, current => {
      const moves = withMoves(current.moves, entry.moves);
      const same = moves === current.moves && current.gone_at === undefined && !kept && !gone;
      const { gone_at, kept: was, ...back } = current;
      // else the number is another instance's by now
      const still = was && (gone || gone_at === undefined) ? { kept: was } : {};
      return same ? null : { ...back, ...still, ...over, moves: [...moves] };
    });
    // Nobody else writes it: the root that leads is one.
    if (!known) await put(histories, { id, service_id, ...over, moves: [...entry.moves] });
    this.#metrics.historiesWritten.add(1);
  }

  async #outlives(id: string, { kept, serviceId }: Entry): Promise<boolean> {
    const stored = await this.#deps.histories.get(id);
    if (!kept && stored?.kept !== true) return false;
    return (await this.#deps.services.get(serviceId || (stored?.service_id ?? ''))) !== null;
  }

  /** Once, and once more when it is over. */
  #tell(failures: readonly unknown[]): void {
    const [cause] = failures;
    if (cause !== undefined && !this.#troubled) {
      const fields = { cause: messageOf(cause), histories: failures.length };
      this.#deps.log.warn(fields, 'histories of instances cannot be stored; tried again');
    }
    if (cause === undefined && this.#troubled) this.#deps.log.info({}, 'histories are stored again');
    this.#troubled = cause !== undefined;
  }
}
