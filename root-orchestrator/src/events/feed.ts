import { randomBytes } from 'node:crypto';
import type { Writable } from 'node:stream';
import { type Clock, every, HedgerowError } from '@hedgerow/common';
import { type Caller, reach } from '../auth/caller.ts';
import { ERRORS } from '../errors.ts';
import type { Mirrors } from '../mirrors/mirrors.ts';
import type { Service } from '../model.ts';
import { mayUse } from '../services/access.ts';
import { type Draft, ofApplication, ofCluster, ofInstance, ofService } from './derive.ts';
import { Owners } from './owners.ts';
import { EventReader } from './reader.ts';
import { type Event, Ring, type Whose } from './ring.ts';

export interface EventFilter {
  application?: string;
  service?: string;
  kind?: string;
}

export interface Subscription {
  out: Writable;
  caller: Caller;
  filter: EventFilter;
  /** id of the last event that he had, "" = none */
  last: string;
  /** Who is he by now? It rejects when he may not read any more. */
  recheck: () => Promise<Caller>;
}

interface Listening {
  reader: EventReader;
  subscription: Subscription;
}

/** Events that are kept for those who come back. */
const KEPT = 10_000;
/** Readers at a time, in all and of one user. */
const MOST = 2000;
const MOST_OF_USER = 200;
/** s, for those who are too many */
const RETRY_AFTER = 10;
/** ms */
const BEAT_EVERY = 15_000;

/**
 * Tells what changes: applications, services and their updates, instances, clusters; whoever changed it, this root or
 * another one. Each event is put into words once, however many listen.
 */
export class EventFeed {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #mostOfUser: number;
  readonly #ring: Ring;
  readonly #owners: Owners;
  readonly #listening = new Set<Listening>();
  /** services whose application is not stored yet: nobody sees them */
  readonly #unseen = new Map<string, Service>();
  readonly #cancels: (() => void)[];
  #told = true;

  /** @param mirrors started */
  constructor(mirrors: Mirrors, clock: Clock, { kept = KEPT, most = MOST, mostOfUser = MOST_OF_USER } = {}) {
    this.#clock = clock;
    this.#most = most;
    this.#mostOfUser = mostOfUser;
    this.#ring = new Ring(randomBytes(4).toString('hex'), kept);
    this.#owners = new Owners(mirrors);
    this.#cancels = [
      mirrors.applications.listen((before, after) => {
        this.#owners.application(before, after);
        this.#tell(ofApplication(before, after), (after ?? before)?.id ?? '');
        if (after && !before) this.#showServices(after.id);
      }),
      mirrors.services.listen((before, after) => this.#service(before, after)),
      mirrors.instances.listen((before, after) => {
        this.#tell(ofInstance(before, after), (after ?? before)?.application_id ?? '');
        this.#owners.part(before, after);
      }),
      mirrors.clusters.listen((before, after) => this.#add(ofCluster(before, after), 'everybody')),
      every(clock, BEAT_EVERY, () => this.#beat()),
    ];
  }

  /** @throws TOO_MANY_STREAMS; to be called before the head of the answer is sent */
  requireRoom(caller: Caller): void {
    const own = [...this.#listening].filter(
      ({ subscription }) => subscription.caller.id === caller.id,
    ).length;
    if (this.#listening.size < this.#most && own < this.#mostOfUser) return;
    const who = own < this.#mostOfUser ? `${this.#most} readers` : `${own} readers of this user`;
    const message = `${who} listen already; try again in ${RETRY_AFTER} s`;
    throw new HedgerowError(ERRORS.TOO_MANY_STREAMS, message, { retryAfter: RETRY_AFTER });
  }

  /** Writes events to `out` from now on, or from the last one that he had, until `out` is closed. */
  open(subscription: Subscription): void {
    const { out, last } = subscription;
    // He went while it was found out who he is; his place would never be free again.
    if (out.destroyed) return;
    const wants = (event: Event) => isFor(subscription, event);
    const reader = new EventReader(this.#ring, out, wants, last, this.#clock.monotonic());
    const listening = { reader, subscription };
    this.#listening.add(listening);
    out.once('close', () => this.#listening.delete(listening));
  }

  /** Ends every stream. */
  stop(): void {
    for (const cancel of this.#cancels) cancel();
    for (const { subscription } of this.#listening) subscription.out.end();
    this.#listening.clear();
  }

  #service(before: Service | null, after: Service | null): void {
    const service = after ?? before;
    if (!service) return;
    const isSeen = this.#owners.of(service.application_id) !== null;
    if (after && (!isSeen || this.#unseen.has(after.id))) this.#unseen.set(after.id, after);
    else if (!this.#unseen.delete(service.id)) this.#tell(ofService(before, after), service.application_id);
    this.#owners.part(before, after);
  }

  #showServices(applicationId: string): void {
    for (const [id, service] of this.#unseen) {
      if (service.application_id !== applicationId) continue;
      this.#unseen.delete(id);
      this.#tell(ofService(null, service), applicationId);
    }
  }

  #tell(drafts: readonly Draft[], applicationId: string): void {
    if (drafts.length > 0) this.#add(drafts, this.#owners.of(applicationId));
  }

  #add(drafts: readonly Draft[], whose: Whose): void {
    if (drafts.length === 0) return;
    const at = new Date(this.#clock.now()).toISOString();
    for (const draft of drafts) this.#ring.add({ at, ...draft } as Event['data'], whose);
    if (!this.#told) return;
    this.#told = false;
    // What happens in one turn goes out in one write.
    setImmediate(() => {
      this.#told = true;
      for (const { reader } of this.#listening) reader.pump();
    });
  }

  #beat(): void {
    const now = this.#clock.monotonic();
    for (const { reader, subscription } of this.#listening) {
      if (!reader.beat(now)) subscription.out.destroy();
      else void this.#recheck(subscription);
    }
  }

  /** Tokens expire and users go while they listen; whoever still may comes back and loses nothing. */
  async #recheck(subscription: Subscription): Promise<void> {
    try {
      subscription.caller = await subscription.recheck();
    } catch {
      subscription.out.end();
    }
  }
}

function isFor({ caller, filter }: Subscription, { data, whose }: Event): boolean {
  const { application, service, kind } = filter;
  if (application !== undefined && application !== data.application_id) return false;
  if (service !== undefined && service !== data.service_id) return false;
  if (kind !== undefined && kind !== data.kind) return false;
  if (whose === 'everybody') return true;
  return whose === null ? reach(caller, 'event:read') === 'all' : mayUse(caller, whose, 'event:read');
}
