import type { Clock } from '@hedgerow/common';
import { answers, type Readiness, readiness } from '@hedgerow/common/metrics';

export interface Looked {
  clock: Clock;
  /** rejects when the store cannot be read */
  askStore(): Promise<void>;
  /** a sentence while nothing can be written */
  storeTrouble(): string | null;
  /** "" until the root has given one */
  clusterId(): string;
  connectedToRoot(): boolean;
  brokerReachable(): boolean;
}

/**
 * A cluster that was welcomed once works on without its root: what runs is kept, moved and reached. One that never was
 * can give no worker a subnet; one that can remember nothing takes nothing new.
 */
export function clusterReadiness(parts: Looked): () => Promise<Readiness> {
  const unless = (well: () => boolean, why: string) => () => (well() ? null : why);
  return readiness(
    [
      answers(parts.clock, 'the store', () => parts.askStore()),
      () => parts.storeTrouble(),
      unless(() => parts.brokerReachable(), 'the broker is out of reach'),
      unless(() => parts.clusterId() !== '', 'the root has not welcomed this cluster yet'),
    ],
    [unless(() => parts.connectedToRoot(), 'the root is out of reach')],
  );
}
