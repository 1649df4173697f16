/** What the worker says on its topics, while a session is there; digests at its beginning say what nobody heard. */
import { type Clock, every, type Logger, messageOf } from '@hedgerow/common';
import {
  encodeBeat,
  hashInstances,
  type InformationPayload,
  type JobPayload,
  type LogChunkPayload,
  type PresencePayload,
  type ResourcesPayload,
  type SyncPayload,
  UP,
} from '@hedgerow/protos';
import type { Instances } from '../instances/instances.ts';
import type { Session } from './session.ts';
import { Unheard } from './unheard.ts';

/**
 * Every fourth beat asks for an acknowledgement, which costs 4 bytes more than TCP's own, where a PINGREQ and its
 * answer cost 160 on the wire. Without one in time the line is dead, whatever TCP still hopes.
 */
const ACKNOWLEDGED_BEAT = 4;
/** ms; who stops does not wait longer for a cluster that cannot be heard */
const GOODBYE = 5000;

export interface UplinkDeps {
  clock: Clock;
  log: Logger;
  /** ms */
  beat: number;
  /** one of so many beats is acknowledged; 4 when left out */
  acknowledged?: number;
  /** ms until a beat that is not acknowledged means that the line is dead; two beats when left out */
  patience?: number;
  instances: () => Pick<Instances, 'reports' | 'beatInstances' | 'untold'>;
  /** `digestTable` of the whole network table that was told last; 0 = none, as when left out */
  table?: () => number;
  /** @param anew also what was told already. @returns null when nothing has changed noticeably */
  information: (anew: boolean) => InformationPayload | null;
}

export class Uplink {
  readonly #deps: UplinkDeps;
  readonly #unheard = new Unheard();
  #session: Session | null = null;
  /** has this process told what the machine has? */
  #introduced = false;
  #beats = 0;
  /** monotonic ms of the next beat */
  #due = 0;

  constructor(deps: UplinkDeps) {
    this.#deps = deps;
  }

  get connected(): boolean {
    return this.#session !== null;
  }

  /** Says that the worker is there and what differs, then beats. Resolves when the connection has ended. */
  async serve(session: Session): Promise<void> {
    const { clock, beat } = this.#deps;
    this.#session = session;
    this.#greet(session);
    // else it is told with the next usage if it has changed: load is not measured over the moment since the last look
    if (session.resumed !== true || !this.#introduced) this.#introduce();
    this.#tellMissed();
    this.#due = clock.monotonic() + beat;
    const stop = every(clock, beat, () => this.#regularBeat(session));
    await session.closed;
    stop();
    if (this.#session === session) this.#session = null;
  }

  /**
   * @returns whether it was sent; when the connection ends before the broker has it, it is told again on the next one, as
   * is the end of what nobody else here remembers
   */
  job(report: JobPayload): boolean {
    if (!this.#session) {
      if (report.status === 'UNDEPLOYED') this.#unheard.lost(report);
      return false;
    }
    this.#session.publishAcknowledged(UP.job, report).catch(() => this.#unheard.lost(report));
    return true;
  }

  sync(): void {
    const payload: SyncPayload = { instances: this.#deps.instances().reports() };
    this.#session?.publish(UP.sync, payload, { qos: 1 });
  }

  /** On a line that was dead already nobody has heard it: it is told again on the next one. */
  information(payload: InformationPayload): void {
    this.#session?.publishAcknowledged(UP.information, payload).catch(() => {
      this.#introduced = false;
    });
  }

  resources(payload: ResourcesPayload): void {
    this.#session?.publish(UP.jobsResources, payload, { qos: 0 });
  }

  /** @returns null without a connection; rejects when it ends before the broker has the message */
  logs(payload: LogChunkPayload): Promise<void> | null {
    return this.#session?.publishAcknowledged(UP.logs, payload) ?? null;
  }

  /** A beat out of turn, the answer to a probe. */
  beat(): void {
    this.#session?.publish(UP.beat, this.#nextBeat(), { qos: 0 });
  }

  /** Says goodbye, so that nobody waits for a sign of life. */
  async leave(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    const farewell = session.publishAcknowledged(UP.presence, { online: false }, { retain: true });
    const late = new Promise<never>((_, reject) => {
      const patience = Math.min(2 * this.#deps.beat, GOODBYE);
      this.#deps.clock.after(patience, () => reject(new Error('no answer from the broker')));
    });
    await Promise.race([farewell, late]).then(
      () => session.end(),
      error => {
        this.#deps.log.warn({}, `left without a goodbye: ${messageOf(error)}`);
        session.abort();
      },
    );
  }

  #introduce(): void {
    this.#introduced = true;
    const information = this.#deps.information(true);
    if (information) this.information(information);
  }

  /** Who believes the same needs to hear no more. */
  #greet(session: Session): void {
    const presence: PresencePayload = {
      online: true,
      instances: hashInstances(this.#deps.instances().beatInstances()),
      table: this.#deps.table?.() ?? 0,
    };
    session.publish(UP.presence, presence, { qos: 1, retain: true });
  }

  /** What happened while nobody could be told, so that an instance's history has no gaps. */
  #tellMissed(): void {
    const instances = this.#deps.instances();
    for (const report of this.#unheard.take(instances.untold(), instances.reports())) this.job(report);
  }

  #regularBeat(session: Session): void {
    const { clock, beat, acknowledged = ACKNOWLEDGED_BEAT } = this.#deps;
    const late = clock.monotonic() - this.#due;
    this.#due = clock.monotonic() + beat;
    if (late > beat) this.#awake(session, late);
    if (this.#beats % acknowledged === 0) this.#acknowledgedBeat(session);
    else this.beat();
  }

  /** The cluster may have given this worker up and placed its instances elsewhere: a beat alone would not tell. */
  #awake(session: Session, late: number): void {
    this.#deps.log.warn({ late_ms: Math.round(late) }, 'this process stood still; telling again what it has');
    this.#greet(session);
  }

  #acknowledgedBeat(session: Session): void {
    const cancel = this.#unlessAcknowledged(() => {
      this.#deps.log.warn({}, 'the broker did not acknowledge a beat; connecting again');
      session.abort();
    });
    session.publishAcknowledged(UP.beat, this.#nextBeat()).then(cancel, cancel);
  }

  /** A process that stood still finds its timers run out before it has read the answer that lies there: it waits anew. */
  #unlessAcknowledged(callback: () => void): () => void {
    const { clock, beat, patience = 2 * beat } = this.#deps;
    const due = clock.monotonic() + patience;
    let cancel = clock.after(patience, () => {
      if (clock.monotonic() - due > beat) cancel = this.#unlessAcknowledged(callback);
      else callback();
    });
    return () => cancel();
  }

  #nextBeat(): Buffer {
    this.#beats++;
    return encodeBeat({ hash: hashInstances(this.#deps.instances().beatInstances()), count: this.#beats });
  }
}
