import { type Clock, type Collection, HedgerowError, update } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import type { Reign } from '../leadership/leadership.ts';
import type { Instance, PlacedMove } from '../model.ts';
import { looksDifferent } from '../network/entry.ts';
import type { MoveRecorder } from '../ports.ts';
import type { Board } from './board.ts';
import { ownMoves } from './chronicle.ts';

interface Parts {
  collection: Collection<Instance>;
  board: Board;
  reign: Reign;
  clock: Clock;
  moves: MoveRecorder;
  /** Called when the network table of a service is no longer what it was. */
  touched: (serviceId: string) => void;
  /** A root has written under this epoch, which is later than this reign's. */
  outbid: (epoch: number) => void;
}

export type Change = Partial<Omit<Instance, 'id' | 'revision'>>;

/** @param before undefined = not known until now @param after as it is stored */
type Listener = (before: Instance | undefined, after: Instance) => void;

/** Instances that are sealed side by side. */
const SEAL_AT_ONCE = 50;

/**
 * The stored instances. The copy in memory and the network table follow every write, whoever it is by. Each carries the
 * epoch of the root that wrote it last while leading, so that one that stood still and does not know yet that it leads
 * no more cannot write over a later one.
 */
export class InstanceStore {
  readonly #parts: Parts;
  #unwatch = (): void => {};
  #tell: Listener = () => {};

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Reads all of them. @param listener hears of changes from then on @throws NOT_LEADING */
  async start(listener: Listener): Promise<void> {
    this.#unwatch = this.#parts.collection.watch((id, instance) => {
      if (instance) this.#keep(instance);
      else this.#forget(id);
    });
    for (const instance of await this.#parts.collection.find()) this.#keep(instance);
    await this.#sealAll();
    this.#tell = listener;
  }

  stop(): void {
    this.#unwatch();
  }

  async read(id: string): Promise<Instance | null> {
    const instance = await this.#parts.collection.get(id);
    if (instance) this.#keep(instance);
    else this.#forget(id);
    return instance;
  }

  /**
   * @param change null = leave it as it is, which costs no write
   * @param heard the change is what a cluster said, so it is no move of the root's
   * @returns null when there is no such instance
   * @throws NOT_LEADING
   */
  async change(
    id: string,
    change: (instance: Instance) => Change | null,
    heard: 'own' | 'heard' = 'own',
  ): Promise<Instance | null> {
    let before: Instance | null = null;
    const instance = await update(this.#parts.collection, id, current => {
      const changes = change(current);
      if (changes === null) return null;
      this.#checkReign(current);
      before = current;
      const last_modified_timestamp = this.#parts.clock.now() / 1000;
      return { ...current, ...changes, ...this.#seal(), last_modified_timestamp };
    });
    if (!instance) this.#forget(id);
    else {
      this.#keep(instance);
      if (before && heard === 'own')
        this.#record(instance, ownMoves(before, instance, this.#parts.clock.now()));
    }
    return instance;
  }

  /** Of what is not wanted any more; what is stays. @throws NOT_LEADING */
  async remove(id: string): Promise<void> {
    for (;;) {
      const current = await this.read(id);
      if (current?.desired !== 'gone') return;
      this.#checkReign(current);
      if (await this.#parts.collection.remove(id, current.revision)) return this.#forget(id);
    }
  }

  /** What a cluster says has happened. @param kept as in `MoveRecorder` */
  heard(instance: Instance, moves: readonly PlacedMove[], kept?: 'kept'): void {
    this.#record(instance, moves, kept);
  }

  #seal(): { reign?: number } {
    const { epoch } = this.#parts.reign;
    return epoch > 0 ? { reign: epoch } : {};
  }

  /**
   * A root that was paused may believe that it leads while another one does: what it has read before, it can write no
   * more. With an embedded store there is no other root.
   */
  async #sealAll(): Promise<void> {
    const { reign, board, collection } = this.#parts;
    if (reign.epoch === 0) return;
    const open = [...board.all()].filter(instance => instance.reign !== reign.epoch).map(({ id }) => id);
    for (let at = 0; at < open.length; at += SEAL_AT_ONCE) {
      const sealing = open.slice(at, at + SEAL_AT_ONCE).map(id =>
        update(collection, id, current => {
          this.#checkReign(current);
          return current.reign === reign.epoch ? null : { ...current, reign: reign.epoch };
        }),
      );
      for (const sealed of await Promise.all(sealing)) if (sealed) this.#keep(sealed);
    }
  }

  #checkReign(stored: Instance | undefined): void {
    const { reign, outbid } = this.#parts;
    const later = stored?.reign ?? 0;
    if (reign.epoch > 0 && later > reign.epoch) outbid(later);
    else if (reign.isValid()) return;
    throw new HedgerowError(ERRORS.NOT_LEADING, 'this root leads no more');
  }

  #record(instance: Instance, moves: readonly PlacedMove[], kept?: 'kept'): void {
    if (moves.length > 0) this.#parts.moves.record(instance, moves, kept);
  }

  /** What is told late may be older than what is known. */
  #keep(instance: Instance): void {
    const before = this.#parts.board.get(instance.id);
    if (before && before.revision >= instance.revision) return;
    this.#parts.board.put(instance);
    if (looksDifferent(before, instance)) this.#parts.touched(instance.service_id);
    if (instance.revision === 1) {
      this.#record(instance, ownMoves(null, instance, Math.round(instance.last_modified_timestamp * 1000)));
    }
    this.#tell(before, instance);
  }

  #forget(id: string): void {
    const before = this.#parts.board.get(id);
    this.#parts.board.drop(id);
    if (before) this.#parts.touched(before.service_id);
  }
}
