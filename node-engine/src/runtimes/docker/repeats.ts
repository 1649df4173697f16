/** Lines; they begin again up to some thousand lines back. */
const REMEMBERED = 16_384;

/**
 * Docker 20.10 gives some lines of a followed log twice when the log moves on to its next file. Their times then go
 * back to ones that were there before; those of a machine whose clock was put back are new.
 */
export class Repeats {
  readonly #times = new Float64Array(REMEMBERED);
  #count = 0;
  #last = 0;

  /** @param at of one line after the other: RFC 3339 in UTC with nanoseconds */
  isRepeated(at: string): boolean {
    const time = timeOfDay(at);
    if (time <= this.#last && this.#times.includes(time)) return true;
    this.#times[this.#count % REMEMBERED] = time;
    this.#count += 1;
    this.#last = time;
    return false;
  }
}

/** ns since midnight, which a number holds exactly; NaN for what is no time, which equals nothing */
function timeOfDay(at: string): number {
  const [hours, minutes, seconds] = at.slice(11, 29).split(':').map(Number) as [number, number, number];
  return Math.round(((hours * 60 + minutes) * 60 + seconds) * 1e9);
}
