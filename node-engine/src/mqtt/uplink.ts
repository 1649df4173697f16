/** What the worker says on its topics, while a session is there. Without one nothing is kept: `sync` tells it all. */
import { type Clock, every, type Logger, messageOf } from '@hedgerow/common';
import {
  encodeBeat,
  hashInstances,
  type InformationPayload,
  type JobPayload,
  type LogChunkPayload,
  type ResourcesPayload,
  type SyncPayload,
  UP,
} from '@hedgerow/protos';
import type { Instances } from '../instances/instances.ts';
import type { Session } from './session.ts';

/**
 * Every fourth beat asks for an acknowledgement, which costs 4 bytes more than TCP's own, where a PINGREQ and its
 * answer cost 160 on the wire. Without one within two intervals the line is dead, whatever TCP still hopes.
 */
const ACKNOWLEDGED_BEAT = 4;

export interface UplinkDeps {
  clock: Clock;
  log: Logger;
  /** ms */
  beat: number;
  instances: () => Pick<Instances, 'reports' | 'beatInstances'>;
  information: () => InformationPayload;
}

export class Uplink {
  readonly #deps: UplinkDeps;
  #session: Session | null = null;
  #beats = 0;

  constructor(deps: UplinkDeps) {
    this.#deps = deps;
  }

  get connected(): boolean {
    return this.#session !== null;
  }

  /** Says that the worker is there and what it has, then beats. Resolves when the connection has ended. */
  async serve(session: Session): Promise<void> {
    this.#session = session;
    session.publish(UP.presence, { online: true }, { qos: 1, retain: true });
    session.publish(UP.information, this.#deps.information(), { qos: 1 });
    this.sync();
    const stop = every(this.#deps.clock, this.#deps.beat, () => this.#regularBeat(session));
    await session.closed;
    stop();
    if (this.#session === session) this.#session = null;
  }

  job(report: JobPayload): void {
    this.#session?.publish(UP.job, report, { qos: 1 });
  }

  sync(): void {
    const payload: SyncPayload = { instances: this.#deps.instances().reports() };
    this.#session?.publish(UP.sync, payload, { qos: 1 });
  }

  information(payload: InformationPayload): void {
    this.#session?.publish(UP.information, payload, { qos: 1 });
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
      this.#deps.clock.after(2 * this.#deps.beat, () => reject(new Error('no answer from the broker')));
    });
    await Promise.race([farewell, late]).then(
      () => session.end(),
      error => {
        this.#deps.log.warn({}, `left without a goodbye: ${messageOf(error)}`);
        session.abort();
      },
    );
  }

  #regularBeat(session: Session): void {
    if (this.#beats % ACKNOWLEDGED_BEAT === 0) this.#acknowledgedBeat(session);
    else this.beat();
  }

  #acknowledgedBeat(session: Session): void {
    const cancel = this.#deps.clock.after(2 * this.#deps.beat, () => {
      this.#deps.log.warn({}, 'the broker did not acknowledge a beat; connecting again');
      session.abort();
    });
    session.publishAcknowledged(UP.beat, this.#nextBeat()).then(cancel, cancel);
  }

  #nextBeat(): Buffer {
    this.#beats++;
    return encodeBeat({ hash: hashInstances(this.#deps.instances().beatInstances()), count: this.#beats });
  }
}
