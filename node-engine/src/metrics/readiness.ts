import type { Clock, Store } from '@hedgerow/common';
import { answers, type Readiness, type ReadyCheck, readiness, storeAnswers } from '@hedgerow/common/metrics';
import type { NetManager } from '@hedgerow/protos';
import type { NodeParts } from '../node.ts';

export interface Looked {
  clock: Clock;
  store: Store;
  net: NetManager | null;
  /** null until the worker is registered */
  node: () => NodeParts | null;
}

/** A worker whose cluster is away goes on with what it has to run, so it is ready; one that has none yet is not. */
export function workerReadiness({ clock, store, net, node }: Looked): () => Promise<Readiness> {
  const whenRegistered = (check: (parts: NodeParts) => string | null): ReadyCheck => {
    return () => {
      const parts = node();
      return parts && check(parts);
    };
  };
  return readiness(
    [
      storeAnswers(clock, store),
      () => (node() ? null : 'no cluster has registered this worker yet, or it is only starting'),
      whenRegistered(parts => (parts.runtimeAvailable() ? null : 'the Docker Engine does not answer')),
      ...(net ? [answers(clock, 'the Net Manager', () => net.status())] : []),
    ],
    [whenRegistered(parts => (parts.uplink.connected ? null : 'the cluster is out of reach'))],
  );
}
