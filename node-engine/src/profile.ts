/** How often a worker speaks: what a link that is paid by the byte saves, and what it takes for it (docs/profiles.md). */
import type { BackoffOptions } from '@hedgerow/common';
import type { NodeConfig } from './config.ts';

export interface Pace {
  /** ms between heartbeats */
  beat: number;
  /** the broker acknowledges one of so many beats */
  acknowledged: number;
  /** ms until a beat that is not acknowledged means that the line is dead */
  patience: number;
  /** ms of silence after which the cluster counts the worker as dead; null = the cluster's own setting */
  deadAfter: number | null;
  /** ms between two looks at usage, and so between two reports */
  usage: number;
  /** percentage points that are worth a message */
  noticeable: { machine: number; instance: number };
  /** ms in which it is back at the latest when its cluster can be reached again, by the longest wait between two tries */
  backIn: number;
  /** Is a line that hangs given up for a new one at once? That is a few packets for each that was lost twice. */
  redial: boolean;
  /** between two tries to connect, and to register */
  retry: { connect: BackoffOptions; register: BackoffOptions };
}

export const PROFILES = {
  default: {
    // one that is missing and a cut of two seconds leave half a second of the five to be back
    beat: 2500,
    acknowledged: 4,
    deadAfter: null,
    usage: 15_000,
    noticeable: { machine: 10, instance: 1 },
    // a wait of 2 s, then 4 s between two SYNs of a try that began before, and room for a thousand others
    backIn: 8000,
    redial: true,
    retry: {
      connect: { first: 100, max: 2000, jitter: 0.5 },
      register: { first: 250, max: 2000, jitter: 0.5 },
    },
  },
  metered: {
    beat: 30_000,
    acknowledged: 1,
    deadAfter: 90_000,
    usage: 300_000,
    noticeable: { machine: 20, instance: 10 },
    backIn: 75_000,
    redial: false,
    retry: {
      connect: { first: 1000, max: 60_000, jitter: 0.5 },
      register: { first: 1000, max: 60_000, jitter: 0.5 },
    },
  },
} as const satisfies Record<string, Omit<Pace, 'patience'>>;

export type Profile = keyof typeof PROFILES;

/** ms; a broker that has the packet answers within a round trip, whatever the beat */
const LONGEST_PATIENCE = 30_000;

/** A beat of the operator's own stands above that of the profile. */
export function paceOf({ profile, beat }: Pick<NodeConfig, 'profile' | 'beat'>): Pace {
  const row = PROFILES[profile];
  const every = beat || row.beat;
  return {
    ...row,
    beat: every,
    patience: Math.min(2 * every, LONGEST_PATIENCE),
    deadAfter: row.deadAfter === null ? null : Math.max(row.deadAfter, 3 * every),
  };
}
