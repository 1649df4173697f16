/** How a worker shows that it lives, and what follows from it. ms throughout. Pure. */

/** 0 = as the cluster's settings say */
export interface Rhythm {
  /** between two beats */
  beat: number;
  /** of silence until it is dead */
  dead_after: number;
  /** in which it is back at the latest when its cluster, or the broker, can be reached again */
  back_in: number;
}

export interface Settings {
  /** from the last sign of life to dead, for workers that did not say otherwise */
  deadAfter: number;
  /** to come back in, for workers that did not say otherwise; and the longest that all may be silent without being lost */
  grace: number;
}

/** between two beats of a worker that did not say */
const BEAT = 3000;
/** of its beat; silence of so much is suspicious: 3.5 s */
const SUSPICIOUS = 7 / 6;
/** of the time until it is dead, at most: the rest is for the probe */
const HALF_DEAD = 0.7;

export const DEFAULT_RHYTHM: Rhythm = { beat: 0, dead_after: 0, back_in: 0 };

/** of silence until it is dead */
export function deadAfter(rhythm: Rhythm, { deadAfter: usual }: Settings): number {
  return rhythm.dead_after || usual;
}

/** of silence until a probe */
export function suspectAfter(rhythm: Rhythm, settings: Settings): number {
  return Math.min((rhythm.beat || BEAT) * SUSPICIOUS, deadAfter(rhythm, settings) * HALF_DEAD);
}

/** between a probe and the verdict */
export function answerTime(rhythm: Rhythm, settings: Settings): number {
  return deadAfter(rhythm, settings) - suspectAfter(rhythm, settings);
}

/** to come back in after a start of the cluster or its own registration, or when the broker is back */
export function backIn(rhythm: Rhythm, settings: Settings): number {
  return Math.max(rhythm.back_in || settings.grace, deadAfter(rhythm, settings));
}

/** of silence of all until they count as lost */
export function lostAfter(rhythm: Rhythm, { grace }: Settings): number {
  return Math.max(grace, rhythm.dead_after);
}
