import type { Clock, Logger } from '@hedgerow/common';
import { type JobPayload, type Move, withMoves } from '@hedgerow/protos';
import type { Overlay } from './context.ts';
import { about, isLiving, type Slot, type Telling, withStatus } from './slot.ts';

export interface TellerDeps {
  overlay: Pick<Overlay, 'gateway'> | null;
  workerId: string;
  clock: Clock;
  log: Logger;
  /** Tells the cluster. @returns false when it is away: what was to be told waits for the next report */
  publish: (report: JobPayload) => boolean;
  /** Called when the status of some instance may have changed. */
  changed: () => void;
}

/** Says what an instance's status is: to the log, to the cluster, and to the service IPs of this worker. */
export class Teller {
  readonly #deps: TellerDeps;

  constructor(deps: TellerDeps) {
    this.#deps = deps;
  }

  /** Sets the status and publishes it; said already, it is not said again. */
  tell(slot: Slot, telling: Telling): void {
    const before = slot.report;
    this.set(slot, telling);
    const { status, status_detail, namespace_ip } = slot.report;
    const same =
      status === before.status &&
      status_detail === before.status_detail &&
      namespace_ip === before.namespace_ip;
    if (same && status !== 'RUNNING') return;
    this.#write(slot, telling);
    this.publish(slot, slot.report, telling.lines);
  }

  /** Sets the status, which goes out with the next report. */
  accept(slot: Slot, telling: Telling): void {
    this.set(slot, telling);
    this.#write(slot, telling);
  }

  /** Sets the status of an instance and nothing else. */
  set(slot: Slot, telling: Telling): void {
    const was = slot.report;
    slot.report = withStatus(was, telling);
    // what an earlier engine ran and this one adopts has not moved
    const moved = slot.unsaid ? !isLiving(telling.status) : hasMoved(was, slot.report);
    slot.unsaid = false;
    if (moved) slot.moves = withMoves(slot.moves, [this.#move(telling)]);
    this.#route(slot, telling.status);
    this.#deps.changed();
  }

  /** UNDEPLOYED, of what `was` there; what the slot has to run by now, if anything, has not ended with it. */
  gone(slot: Slot, was: JobPayload, detail: string): void {
    const telling = { status: 'UNDEPLOYED', detail } as const;
    const move = this.#move(telling);
    this.#write(slot, telling);
    if (slot.desired) return void this.#deps.publish(reportWith(withStatus(was, telling), [move]));
    slot.moves = withMoves(slot.moves, [move]);
    this.publish(slot, withStatus(was, telling));
  }

  /**
   * With the moves that nobody has been told, which are told then.
   * @param lines its `logs`, which must not reject: what is published of the instance later waits for them, too
   */
  publish(slot: Slot, report: JobPayload, lines?: Promise<string>): void {
    if (lines || slot.held) this.#hold(slot, report, lines ?? report.logs);
    else this.#send(slot, report, slot.moves);
  }

  #hold(slot: Slot, report: JobPayload, lines: Promise<string> | string): void {
    const { moves } = slot;
    const held: Promise<void> = Promise.all([lines, slot.held]).then(([logs]) => {
      const whole = { ...report, logs };
      if (slot.report === report) slot.report = whole;
      if (slot.held === held) slot.held = null;
      this.#send(slot, whole, moves);
    });
    slot.held = held;
  }

  /** @param moves that belong to it, as far as they are untold */
  #send(slot: Slot, report: JobPayload, moves: readonly Move[]): void {
    const untold = slot.moves.filter(move => moves.includes(move));
    slot.moves = slot.moves.filter(move => !moves.includes(move));
    if (!this.#deps.publish(reportWith(report, untold))) slot.moves = withMoves(untold, slot.moves);
  }

  #write(slot: Slot, { status, detail }: Telling): void {
    const level = status === 'FAILED' || status === 'DEAD' ? 'warn' : 'info';
    this.#deps.log[level]({ ...about(slot), status }, detail);
  }

  #move({ status, detail }: Telling): Move {
    const { clock, workerId } = this.#deps;
    return { at: clock.now(), tier: 'worker', status, detail, worker_id: workerId };
  }

  /**
   * What ended or is not ready is asked nothing from here on, without waiting for the cluster to say so. What is made
   * anew (CREATING) keeps its place: it comes back under the same address, perhaps after a reboot without a cluster.
   */
  #route(slot: Slot, status: Telling['status']): void {
    const gateway = this.#deps.overlay?.gateway;
    const name = { serviceName: slot.jobName, instanceNumber: slot.number };
    if (status === 'RUNNING') gateway?.include(name);
    else if (status !== 'CREATING') void gateway?.exclude(name);
  }
}

/** Also to another address: nobody who has not heard of it finds it. */
function hasMoved(was: JobPayload, is: JobPayload): boolean {
  return was.status !== is.status || was.namespace_ip !== is.namespace_ip;
}

export function reportWith(report: JobPayload, moves: readonly Move[]): JobPayload {
  return moves.length === 0 ? report : { ...report, moves: [...moves] };
}
