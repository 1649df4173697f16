/** Digests of what the root believes that a cluster has; equal ones spare both sides the lists. */
import { digestInstances, type Hello } from '@hedgerow/protos';
import { type Board, isUnanswered } from '../deployments/board.ts';
import type { Subnets } from '../network/subnets.ts';

interface Parts {
  board: Board;
  subnets: Subnets;
}

/** Is what the digests of a Hello stand for what the store says? Of a cluster that was only asked nothing is known. */
export function isBelieved(clusterId: string, hello: Hello, { board, subnets }: Parts): boolean {
  const instances = board
    .ofCluster(clusterId)
    .filter(instance => !isUnanswered(instance) && !instance.unlisted);
  return (
    hello.instances_digest === digestInstances(instances) &&
    hello.subnets_digest === subnets.digestOf(clusterId)
  );
}
