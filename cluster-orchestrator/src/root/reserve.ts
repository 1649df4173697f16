/**
 * Subnets that the root has granted: a few spare ones, so that a worker joins at once and while the root is away, too.
 * The root knows each by a holder id that is made here and is no worker's; a worker remembers the holder of its own.
 *
 * A subnet is either spare (a document of its own) or a worker's (in the worker's document), or being moved from one to
 * the other. Whatever ends in between, each is held once: what both documents name is the worker's, what none names
 * is not in the next list for the root, which frees it then.
 */
import { type Clock, type Collection, type Logger, messageOf, newId, put } from '@hedgerow/common';
import type { SubnetHold } from '@hedgerow/protos';
import type { StoredSubnet } from '../model.ts';
import type { Subnets } from './subnets.ts';

export interface ReserveDeps {
  spares: Spares;
  subnets: Pick<Subnets, 'claim' | 'release'>;
  /** spare subnets to keep */
  wanted: number;
  connected(): boolean;
  /** holders of the workers' subnets */
  used(): Iterable<string>;
  clock: Clock;
  log: Logger;
}

/** A subnet, and the id that the root knows it by. */
export interface Held {
  subnet: string;
  holder: string;
}

/** The documents of spare subnets. */
export class Spares {
  readonly #collection: Collection<StoredSubnet>;
  #loaded: readonly Held[] = [];

  constructor(collection: Collection<StoredSubnet>) {
    this.#collection = collection;
  }

  async load(): Promise<void> {
    this.#loaded = (await this.#collection.find()).map(({ id, subnet }) => ({ holder: id, subnet }));
  }

  /** As they were on disk at the start. */
  get loaded(): readonly Held[] {
    return this.#loaded;
  }

  async keep({ holder, subnet }: Held): Promise<void> {
    await put(this.#collection, { id: holder, subnet });
  }

  async erase(holder: string): Promise<void> {
    await this.#collection.remove(holder);
  }
}

export class Reserve {
  readonly #deps: ReserveDeps;
  /** holder → subnet */
  readonly #spare = new Map<string, string>();
  /** of a document that is being written; by holder */
  readonly #moving = new Map<string, { subnet: string; over: Promise<unknown> }>();
  #asking = 0;

  constructor(deps: ReserveDeps) {
    this.#deps = deps;
    const used = new Set(deps.used());
    for (const { holder, subnet } of deps.spares.loaded) {
      if (used.has(holder)) void this.#erase(holder);
      else this.#spare.set(holder, subnet);
    }
  }

  get spare(): number {
    return this.#spare.size;
  }

  /** What no worker's document names. */
  holds(): SubnetHold[] {
    const moving = [...this.#moving].map(([holder, { subnet }]) => [holder, subnet] as const);
    return [...new Map([...this.#spare, ...moving])].map(([worker_id, subnet]) => ({ worker_id, subnet }));
  }

  /**
   * @param record stores the worker with its subnet
   * @throws what `record` throws; ROOT_UNREACHABLE or SUBNET_REFUSED when none is spare and the root gives none
   */
  async take(record: (held: Held) => Promise<void>): Promise<void> {
    const [spare] = this.#spare;
    const held = spare ? { holder: spare[0], subnet: spare[1] } : await this.#ask();
    this.#spare.delete(held.holder);
    try {
      await this.#whileMoving(held, () => record(held));
    } catch (error) {
      if (spare) this.#spare.set(held.holder, held.subnet);
      else await this.giveBack(held);
      throw error;
    }
    // the worker's document counts from here on
    if (spare) await this.#erase(held.holder);
    this.balance();
  }

  /** A worker is gone, and its document with it. */
  async giveBack(held: Held): Promise<void> {
    if (!this.#deps.connected()) await this.#keep(held);
    else if (await this.#erase(held.holder)) this.#release(held);
    else this.#spare.set(held.holder, held.subnet);
  }

  /**
   * The root has heard which there are. Until it has said of each that it is this cluster's, no worker gets it: another
   * cluster may have been given it when this one was removed at the root, or when the root's store was put back.
   */
  async confirm(): Promise<void> {
    await Promise.all([...this.#spare].map(([holder, subnet]) => this.#confirm({ holder, subnet })));
    this.balance();
  }

  /** The root granted it when nobody waited for it any more. */
  async late(held: Held): Promise<void> {
    if (this.#spare.has(held.holder) || [...this.#deps.used()].includes(held.holder)) return;
    if (this.#spare.size < this.#deps.wanted) await this.#keep(held);
    else this.#release(held);
  }

  /** The root has given another one in its place. @returns false when no spare one has this holder */
  async replaced(held: Held): Promise<boolean> {
    // a worker may be about to get it, or the root is being asked for it at this moment
    await this.#moving.get(held.holder)?.over;
    const subnet = this.#spare.get(held.holder);
    if (subnet === undefined) return false;
    if (subnet !== held.subnet) {
      this.#spare.delete(held.holder);
      await this.#replace(held, subnet);
    }
    return true;
  }

  /** Has as many spares as are wanted, while the root is in reach. */
  balance(): void {
    if (!this.#deps.connected()) return;
    for (const [holder, subnet] of [...this.#spare].slice(this.#deps.wanted)) {
      this.#spare.delete(holder);
      // forgotten first: the root may give it to others as soon as it has it
      void this.giveBack({ holder, subnet });
    }
    for (let n = this.#spare.size + this.#asking; n < this.#deps.wanted; n += 1) void this.#refill();
  }

  async #confirm(held: Held): Promise<void> {
    this.#spare.delete(held.holder);
    this.#asking += 1;
    await this.#whileMoving(held, async () => {
      const subnet = await this.#grantedTo(held);
      if (subnet === held.subnet) this.#spare.set(held.holder, held.subnet);
      else await this.#replace({ ...held, subnet }, held.subnet);
    });
    this.#asking -= 1;
  }

  async #replace(held: Held, was: string): Promise<void> {
    this.#deps.log.warn({ subnet: was, granted: held.subnet }, 'a spare subnet is another cluster’s by now');
    if (await this.#erase(held.holder)) await this.#keep(held);
  }

  /** Without an answer it is as it was; the next list asks again. */
  async #grantedTo({ holder, subnet }: Held): Promise<string> {
    try {
      return await this.#deps.subnets.claim(holder);
    } catch (error) {
      this.#deps.log.debug({ subnet, error: messageOf(error) }, 'a spare subnet is not confirmed');
      return subnet;
    }
  }

  async #ask(): Promise<Held> {
    const holder = newId(this.#deps.clock.now());
    return { holder, subnet: await this.#deps.subnets.claim(holder) };
  }

  /** What the root does not give now it is asked for again with the next stream, or when the next spare is used. */
  async #refill(): Promise<void> {
    this.#asking += 1;
    try {
      await this.#keep(await this.#ask());
    } catch (error) {
      this.#deps.log.debug({ error: messageOf(error) }, 'no spare subnet');
    } finally {
      this.#asking -= 1;
    }
  }

  /** Without the disk it is not kept: only what is on disk is known to be this cluster's after a restart. */
  async #keep(held: Held): Promise<void> {
    try {
      await this.#whileMoving(held, () => this.#deps.spares.keep(held));
      this.#spare.set(held.holder, held.subnet);
    } catch (error) {
      this.#deps.log.warn(
        { subnet: held.subnet, error: messageOf(error) },
        'a spare subnet could not be stored',
      );
      this.#release(held);
    }
  }

  #release({ holder, subnet }: Held): void {
    if (this.#deps.subnets.release(holder)) return;
    this.#deps.log.warn({ subnet }, 'a subnet goes back when the root hears next which this cluster has');
  }

  /** A list for the root that is made meanwhile names it. */
  async #whileMoving<R>({ holder, subnet }: Held, write: () => Promise<R>): Promise<R> {
    const over = Promise.withResolvers<void>();
    this.#moving.set(holder, { subnet, over: over.promise });
    try {
      return await write();
    } finally {
      this.#moving.delete(holder);
      over.resolve();
    }
  }

  async #erase(holder: string): Promise<boolean> {
    try {
      await this.#deps.spares.erase(holder);
      return true;
    } catch (error) {
      this.#deps.log.warn({ holder, error: messageOf(error) }, 'a spare subnet could not be forgotten');
      return false;
    }
  }
}
