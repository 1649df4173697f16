/**
 * Several roots over one store: one leads, under the document `leases/leader`. Who leads writes it again and again; who
 * has not seen it grow for the lease time, by his own monotonic clock, takes it by compare-and-swap under the next
 * epoch. No two clocks are compared: the time that others wait begins later than the time that the leader counts.
 */
import {
  type Clock,
  type Collection,
  every,
  isErrorOf,
  type Logger,
  messageOf,
  SerialByKey,
  STORE_ERRORS,
  update,
} from '@hedgerow/common';
import type { Lease } from '../model.ts';
import type { Leader, Leadership, MakeTerm, Term } from './leadership.ts';

export interface ElectionDeps<T extends Term> {
  leases: Collection<Lease>;
  clock: Clock;
  log: Logger;
  /** of this process */
  rootId: string;
  /** ids of processes that are known to be dead: a lease of theirs is not waited for */
  former?: ReadonlySet<string>;
  /** this process, for others on the same machine */
  process?: string;
  /** Is it certain that this process, another root's, is dead? */
  hasEnded?: (process: string) => boolean;
  /** ms without a sign of the leader after which another root leads */
  lease: number;
  makeTerm: MakeTerm<T>;
}

const LEADER = 'leader';
/** Share of the lease after which it is renewed. */
const RENEW_AT = 0.3;
/** Share of the lease after which a leader that could not renew it stops: before any other may begin. */
const STOP_AT = 0.8;
/** ms between two looks at the lease, for a store that tells of changes late */
const LOOK_EVERY = 1000;

/** The time from taking the lease to losing it. */
interface Hold<T> {
  readonly epoch: number;
  readonly term: T;
  /** Another root may have it now, or soon: nothing may be written any more. */
  lost: boolean;
  /** ms of the monotonic clock */
  renewedAt: number;
  /** of the lease, as last written */
  revision: number;
  started: Promise<void>;
  cancelStop: () => void;
}

export class Election<T extends Term> implements Leadership<T> {
  readonly #deps: ElectionDeps<T>;
  readonly #turns = new SerialByKey();
  #address = '';
  #hold: Hold<T> | null = null;
  /** the lease as last seen, and since when it has been so */
  #seen: { lease: Lease | null; since: number } | null = null;
  /** a process that has ended */
  #ended = '';
  /** an epoch that is known to have been */
  #floor = 0;
  #ending: Promise<void> = Promise.resolve();
  /** ms of the monotonic clock; until then others have the first chance */
  #restsUntil = 0;
  #stopped = false;
  #cancel = (): void => {};
  #unwatch = (): void => {};

  constructor(deps: ElectionDeps<T>) {
    this.#deps = deps;
  }

  get term(): T | null {
    return this.#hold?.term ?? null;
  }

  leader(): Leader | null {
    if (this.#hold) return { epoch: this.#hold.epoch, address: this.#address };
    const lease = this.#seen?.lease;
    if (!lease || this.#isOurs(lease) || lease.root_id === '' || this.#isDead(lease)) return null;
    return { epoch: lease.epoch, address: lease.address };
  }

  outbid(epoch: number): void {
    const hold = this.#hold;
    if (!hold || epoch <= hold.epoch) return;
    this.#floor = Math.max(this.#floor, epoch);
    this.#end(hold, `a cluster knows epoch ${epoch}`);
    void this.#calmTurn();
  }

  /** @throws STORE_FAILED */
  async start(address: string): Promise<void> {
    const { clock, leases, lease } = this.#deps;
    this.#address = address;
    this.#unwatch = leases.watch((id, changed) => {
      if (id === LEADER) this.#heard(changed);
    });
    await this.#turn();
    this.#cancel = every(clock, Math.min(LOOK_EVERY, lease * RENEW_AT), () => this.#calmTurn());
    await this.#hold?.started;
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#cancel();
    this.#unwatch();
    const hold = this.#hold;
    if (hold) this.#end(hold, 'it is stopping', false);
    await this.#turns.idle();
    await this.#ending;
    if (hold) await this.#giveBack(hold.epoch);
  }

  /** One at a time: a store that hangs must not be asked ever more. */
  #turn(): Promise<void> {
    return this.#turns.run('turn', () => this.#look());
  }

  async #calmTurn(): Promise<void> {
    try {
      await this.#turn();
    } catch (error) {
      this.#deps.log.warn(
        { cause: messageOf(error) },
        'the lease of the leading root cannot be read or written',
      );
    }
  }

  async #look(): Promise<void> {
    if (this.#stopped) return;
    if (this.#hold) return this.#renew(this.#hold);
    await this.#ending;
    if (this.#deps.clock.monotonic() < this.#restsUntil) return;
    const lease = await this.#deps.leases.get(LEADER);
    this.#note(lease);
    this.#askFor(lease);
    if (this.#isFree(lease)) await this.#take(lease);
  }

  /** What is told late may be older than what we wrote. */
  #heard(lease: Lease | null): void {
    const hold = this.#hold;
    if (hold && lease && lease.revision <= hold.revision) return;
    this.#note(lease);
    if (hold && !(lease && this.#isOurs(lease) && lease.epoch === hold.epoch)) {
      this.#end(hold, 'another root has taken the lease');
    } else if (!hold && lease?.root_id === '') void this.#calmTurn();
  }

  #note(lease: Lease | null): void {
    if (this.#seen && this.#seen.lease?.revision === lease?.revision) return;
    this.#seen = { lease, since: this.#deps.clock.monotonic() };
  }

  #isOurs(lease: Lease): boolean {
    return lease.root_id === this.#deps.rootId;
  }

  #isSilent(): boolean {
    return this.#seen !== null && this.#deps.clock.monotonic() - this.#seen.since >= this.#deps.lease;
  }

  /** Its last words may still be on their way: what leaders write carries their epoch, or replaces what they have read. */
  #askFor(lease: Lease | null): void {
    const { process = '' } = lease ?? {};
    if (process !== '' && this.#deps.hasEnded?.(process)) this.#ended = process;
  }

  #isDead({ root_id, process = '' }: Lease): boolean {
    const hasEnded = process !== '' && process === this.#ended;
    return hasEnded || this.#deps.former?.has(root_id) === true || this.#isSilent();
  }

  /** One of our own that we hold no more was lost by silence, and nobody has taken it. */
  #isFree(lease: Lease | null): boolean {
    return !lease || lease.root_id === '' || this.#isOurs(lease) || this.#isDead(lease);
  }

  async #take(lease: Lease | null): Promise<void> {
    const { leases, clock, rootId, process } = this.#deps;
    const began = clock.monotonic();
    const epoch = Math.max(lease?.epoch ?? 0, this.#floor) + 1;
    const own = { root_id: rootId, address: this.#address, ...(process ? { process } : {}) };
    const next = { id: LEADER, epoch, ...own, renewed: clock.now() };
    let stored: Lease;
    try {
      stored = await (lease ? leases.replace(next, lease.revision) : leases.insert(next));
    } catch (error) {
      if (isErrorOf(error, STORE_ERRORS.STORE_STALE) || isErrorOf(error, STORE_ERRORS.STORE_DUPLICATE))
        return;
      throw error;
    }
    if (this.#stopped) await this.#giveBack(epoch);
    else this.#begin(stored, began);
  }

  #begin({ epoch, revision }: Lease, began: number): void {
    const { clock, log, lease, makeTerm } = this.#deps;
    const isValid = (): boolean => !hold.lost && clock.monotonic() < hold.renewedAt + lease * STOP_AT;
    const hold: Hold<T> = {
      epoch,
      term: makeTerm({ epoch, isValid }),
      lost: false,
      renewedAt: began,
      revision,
      started: Promise.resolve(),
      cancelStop: () => {},
    };
    this.#hold = hold;
    this.#stopLater(hold);
    log.info({ epoch, address: this.#address }, 'this root leads');
    hold.started = hold.term.start().catch((error: unknown) => this.#cannotBegin(hold, error));
  }

  #cannotBegin(hold: Hold<T>, error: unknown): void {
    const { clock, log, lease } = this.#deps;
    if (this.#hold !== hold) return;
    log.error({ err: error, epoch: hold.epoch }, 'what a leading root runs could not be started');
    this.#restsUntil = clock.monotonic() + lease * RENEW_AT;
    this.#end(hold, 'it could not begin');
    void this.#ending.then(() => this.#giveBack(hold.epoch));
  }

  /** Counted from before the write: whoever sees it sees it later. */
  async #renew(hold: Hold<T>): Promise<void> {
    const { leases, clock, lease } = this.#deps;
    const began = clock.monotonic();
    if (began - hold.renewedAt < lease * RENEW_AT) return;
    const stored = await update(leases, LEADER, current =>
      this.#isOurs(current) && current.epoch === hold.epoch
        ? { ...current, address: this.#address, renewed: clock.now() }
        : null,
    );
    if (this.#hold !== hold) return;
    if (!stored || !this.#isOurs(stored) || stored.epoch !== hold.epoch) {
      return this.#end(hold, 'another root has taken the lease');
    }
    hold.renewedAt = began;
    hold.revision = stored.revision;
    this.#stopLater(hold);
  }

  #stopLater(hold: Hold<T>): void {
    const { clock, lease } = this.#deps;
    hold.cancelStop();
    const left = hold.renewedAt + lease * STOP_AT - clock.monotonic();
    hold.cancelStop = clock.after(Math.max(0, left), () =>
      this.#end(hold, 'the lease could not be renewed in time'),
    );
  }

  #end(hold: Hold<T>, why: string, lost = true): void {
    if (this.#hold !== hold) return;
    this.#hold = null;
    hold.lost = lost;
    hold.cancelStop();
    const { log } = this.#deps;
    log[this.#stopped ? 'info' : 'warn']({ epoch: hold.epoch }, `this root leads no more: ${why}`);
    this.#ending = hold.term.stop().catch((error: unknown) => {
      log.error({ err: error, epoch: hold.epoch }, 'not everything of a term could be stopped');
    });
  }

  /** So that others need not wait for the lease to run out. */
  async #giveBack(epoch: number): Promise<void> {
    try {
      await update(this.#deps.leases, LEADER, lease =>
        this.#isOurs(lease) && lease.epoch === epoch ? { ...lease, root_id: '', address: '' } : null,
      );
    } catch (error) {
      this.#deps.log.warn(
        { cause: messageOf(error) },
        'the lease could not be given back; it runs out by itself',
      );
    }
  }
}
