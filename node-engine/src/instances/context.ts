import type { Clock, Logger } from '@hedgerow/common';
import type { JobPayload } from '@hedgerow/protos';
import type { MonitorParts } from '../health/monitor.ts';
import type { Holds } from '../hold/holds.ts';
import type { Readers } from '../logs/readers.ts';
import type { NetGateway } from '../net/gateway.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import type { DesiredStore } from './desired.ts';
import type { Limiter } from './limiter.ts';
import type { Slot, Telling } from './slot.ts';

/** The overlay's two halves: who wires, and what keeps programs waiting until it is done. */
export interface Overlay {
  gateway: Pick<
    NetGateway,
    'ready' | 'attach' | 'detach' | 'detachOthers' | 'exclude' | 'include' | 'forget'
  >;
  holds: Pick<Holds, 'take' | 'release' | 'drop' | 'keep'>;
}

/** What the actions on an instance work with. */
export interface Context {
  runtime: Runtime;
  /** null = containers without a network, started at once */
  overlay: Overlay | null;
  desired: DesiredStore;
  readers: Pick<Readers, 'settled'>;
  starts: Limiter;
  probe: MonitorParts['probe'];
  random: () => number;
  clock: Clock;
  log: Logger;
  /** Sets the status and publishes it. */
  tell: (slot: Slot, telling: Telling) => void;
  /** Does something about an instance beside its queue; its failure is logged, and whatever is left to do found again. */
  beside: (slot: Slot, work: () => Promise<void>) => void;
  /** Asks for a turn of the instance's queue. */
  again: (slot: Slot) => void;
  /** Tells UNDEPLOYED of what `was` there, and forgets the slot unless something else is wanted in it. */
  forget: (slot: Slot, was: JobPayload) => void;
}
