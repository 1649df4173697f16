import { type JobPayload, withMoves } from '@hedgerow/protos';

/**
 * Reports that were sent on a connection which ended before the broker had them. Where an instance has got to since is
 * compared by digests; what happened to it on the way is only in these.
 */
export class Unheard {
  readonly #reports = new Map<string, JobPayload>();

  lost(report: JobPayload): void {
    const known = this.#reports.get(keyOf(report));
    this.#reports.set(keyOf(report), after(known, report));
  }

  /**
   * What is to be told on the next connection.
   * @param untold what was not sent at all. @param current what there is now
   */
  take(untold: readonly JobPayload[], current: readonly JobPayload[]): JobPayload[] {
    const lost = new Map(this.#reports);
    this.#reports.clear();
    const first = untold.map(report => {
      const known = lost.get(keyOf(report));
      lost.delete(keyOf(report));
      return after(known, report);
    });
    const now = new Map(current.map(report => [keyOf(report), report]));
    const rest = [...lost].flatMap(([key, report]) => {
      const last = now.get(key) ?? (report.status === 'UNDEPLOYED' ? report : null);
      return last ? [after(report, { ...last, moves: [] })] : [];
    });
    return [...first, ...rest];
  }
}

/** Another service may have the name by now. */
function keyOf({ service_id, instance }: JobPayload): string {
  return `${service_id}/${instance}`;
}

/** The later report, with the moves of both. */
function after(earlier: JobPayload | undefined, later: JobPayload): JobPayload {
  const moves = withMoves(earlier?.moves ?? [], later.moves ?? []);
  return moves.length === 0 ? later : { ...later, moves: [...moves] };
}
