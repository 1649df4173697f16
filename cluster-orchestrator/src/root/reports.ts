import type { Clock } from '@hedgerow/common';
import { type FromCluster, type InstanceReport, MOST_MOVES, type Move, withMoves } from '@hedgerow/protos';
import { instanceId } from '../model.ts';

export interface ReportsDeps {
  clock: Clock;
  /** @returns false when the root is out of reach */
  send(message: FromCluster): boolean;
  /** It is on its way to the root. */
  told(report: InstanceReport): void;
}

/** ms in which a dead stream is noticed, with room: what was sent on it so shortly before may not have arrived */
const UNSURE_FOR = 15_000;
/** Bytes of one message, by and large; the largest that gRPC takes is many times that. */
const MOST_BYTES = 1024 * 1024;
/** Bytes of moves in a list, which is one message: the root takes 16 MiB, and a long cut may have seen many. */
const MOST_MOVES_BYTES = 4 * MOST_BYTES;

/** On its way, or there. Times are monotonic ms. */
interface Sent {
  report: InstanceReport;
  sentAt: number;
  /** with those of earlier reports that may not have arrived either */
  moves: readonly { move: Move; sentAt: number }[];
}

/**
 * Instance reports on their way to the root: at once, but those of one turn of the event loop together and only the
 * latest of each instance. What could not be sent waits for the next stream, and so does what may not have arrived.
 */
export class Reports {
  readonly #deps: ReportsDeps;
  readonly #queue = new Map<string, InstanceReport>();
  /** oldest first */
  readonly #unsure = new Map<string, Sent>();
  #scheduled = false;

  constructor(deps: ReportsDeps) {
    this.#deps = deps;
  }

  queue(report: InstanceReport): void {
    const id = instanceId(report);
    this.#queue.set(id, after(this.#queue.get(id), report));
    this.#flushSoon();
  }

  /** @returns a list of everything with the moves that wait, too; in a long list each has the last ones alone */
  completed(list: readonly InstanceReport[]): InstanceReport[] {
    const whole = list.map(report => after(this.#queue.get(instanceId(report)), report));
    let most = MOST_MOVES;
    for (; most > 1 && bytesOfMoves(whole, most) > MOST_MOVES_BYTES; most = Math.floor(most / 2));
    return whole.map(report => ({ ...report, moves: (report.moves ?? []).slice(-most) }));
  }

  /** The root was sent this list. What waits with moves follows: it has last lines, which no list has. */
  listed(list: readonly InstanceReport[]): void {
    for (const [id, report] of this.#queue) if (!report.moves?.length) this.#queue.delete(id);
    this.#unsure.clear();
    // the rest another list would say again
    for (const report of list)
      if (report.moves?.length && !this.#queue.has(instanceId(report))) this.#sent(report);
  }

  flush(): void {
    for (const reports of batches(this.#queue.values())) {
      if (!this.#deps.send({ reports: { reports } })) return;
      for (const report of reports) this.#sent(report);
    }
  }

  /** What the stream may have lost is said again on the next one. */
  linkLost(): void {
    this.#forgetSure();
    for (const [id, { report, moves }] of this.#unsure) {
      const lost = { ...report, moves: moves.map(({ move }) => move) };
      this.#queue.set(id, after(lost, this.#queue.get(id) ?? lost));
    }
    this.#unsure.clear();
  }

  #sent(report: InstanceReport): void {
    const id = instanceId(report);
    const sentAt = this.#deps.clock.monotonic();
    this.#queue.delete(id);
    this.#forgetSure();
    const before = this.#unsure.get(id)?.moves ?? [];
    const moves = [...before, ...(report.moves ?? []).map(move => ({ move, sentAt }))];
    this.#unsure.delete(id);
    this.#unsure.set(id, { report, sentAt, moves: moves.filter(isUnsure(sentAt)).slice(-MOST_MOVES) });
    this.#deps.told(report);
  }

  #forgetSure(): void {
    const unsure = isUnsure(this.#deps.clock.monotonic());
    for (const [id, sent] of this.#unsure) {
      if (unsure(sent)) return;
      this.#unsure.delete(id);
    }
  }

  #flushSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }
}

function isUnsure(now: number): (sent: { sentAt: number }) => boolean {
  return ({ sentAt }) => sentAt > now - UNSURE_FOR;
}

/** The later report, with the moves of the earlier one that it does not have. */
function after(earlier: InstanceReport | undefined, later: InstanceReport): InstanceReport {
  const known = later.moves ?? [];
  const lost = (earlier?.moves ?? []).filter(move => !known.includes(move));
  return lost.length === 0 ? later : { ...later, moves: [...withMoves(lost, known)] };
}

function batches(reports: Iterable<InstanceReport>): InstanceReport[][] {
  const all: InstanceReport[][] = [];
  let room = 0;
  for (const report of reports) {
    room -= bytesOf(report);
    if (room < 0) {
      all.push([]);
      room = MOST_BYTES - bytesOf(report);
    }
    all.at(-1)?.push(report);
  }
  return all;
}

/** Roughly: texts may be long, the rest is short. */
function bytesOf(report: InstanceReport): number {
  return 300 + report.logs.length + report.status_detail.length + bytesOfMoves([report], MOST_MOVES);
}

/** @param most of each */
function bytesOfMoves(reports: readonly InstanceReport[], most: number): number {
  const moves = reports.flatMap(({ moves: all = [] }) => all.slice(-most));
  return moves.reduce((sum, { detail }) => sum + 100 + detail.length, 0);
}
