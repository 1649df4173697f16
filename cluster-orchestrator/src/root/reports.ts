import type { Clock } from '@hedgerow/common';
import { type FromCluster, type InstanceReport, withMoves } from '@hedgerow/protos';
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

/**
 * Instance reports on their way to the root: at once, but those of one turn of the event loop together and only the
 * latest of each instance. What could not be sent waits for the next stream, and so does what may not have arrived.
 */
export class Reports {
  readonly #deps: ReportsDeps;
  readonly #queue = new Map<string, InstanceReport>();
  /** oldest first */
  readonly #unsure = new Map<string, { report: InstanceReport; sentAt: number }>();
  #scheduled = false;

  constructor(deps: ReportsDeps) {
    this.#deps = deps;
  }

  queue(report: InstanceReport): void {
    this.#queue.set(instanceId(report), report);
    this.#flushSoon();
  }

  /** The root was sent a list of everything. */
  listed(reports: readonly InstanceReport[]): void {
    this.#queue.clear();
    this.#unsure.clear();
    // the rest another list would say again
    for (const report of reports) if (report.moves?.length) this.#sent(report);
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
    for (const [id, { report }] of this.#unsure) {
      const newer = this.#queue.get(id);
      const moves = [...withMoves(report.moves ?? [], newer?.moves ?? [])];
      this.#queue.set(id, { ...(newer ?? report), moves });
    }
    this.#unsure.clear();
  }

  #sent(report: InstanceReport): void {
    const id = instanceId(report);
    this.#queue.delete(id);
    this.#forgetSure();
    this.#unsure.delete(id);
    this.#unsure.set(id, { report, sentAt: this.#deps.clock.monotonic() });
    this.#deps.told(report);
  }

  #forgetSure(): void {
    const since = this.#deps.clock.monotonic() - UNSURE_FOR;
    for (const [id, { sentAt }] of this.#unsure) {
      if (sentAt > since) return;
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
function bytesOf({ logs, status_detail, moves = [] }: InstanceReport): number {
  const history = moves.reduce((sum, move) => sum + 100 + move.detail.length, 0);
  return 300 + logs.length + status_detail.length + history;
}
