import type { Clock, Store } from '@hedgerow/common';
import { type Readiness, readiness, storeAnswers } from '@hedgerow/common/metrics';

export interface Looked {
  clock: Clock;
  store: Pick<Store, 'ping'>;
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
      storeAnswers(parts.clock, parts.store),
      unless(() => parts.brokerReachable(), 'the broker is out of reach'),
      unless(() => parts.clusterId() !== '', 'the root has not welcomed this cluster yet'),
    ],
    [unless(() => parts.connectedToRoot(), 'the root is out of reach')],
  );
}
