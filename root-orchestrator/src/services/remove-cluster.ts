import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import type { Sessions } from '../ports.ts';
import type { ChangesDeps } from './changes.ts';

/**
 * Forgets a cluster that will not come back: its figures, the subnets of its workers, and the instances that only wait
 * for its word that they are gone; one that another lost cluster may have, too, is that one's to confirm. Should it
 * come back all the same, it is told to remove them.
 * @throws CLUSTER_UNKNOWN; CLUSTER_IN_USE while it is connected or has instances that are wanted
 */
export async function removeCluster(
  { collections, addresses, log }: Pick<ChangesDeps, 'collections' | 'addresses' | 'log'>,
  sessions: Sessions,
  id: string,
  requestId: string,
): Promise<void> {
  const cluster = await collections.clusters.get(id);
  if (!cluster) throw new HedgerowError(ERRORS.CLUSTER_UNKNOWN, `there is no cluster with the id ${id}`);
  if (sessions.isConnected(id, cluster)) throw inUse(`cluster ${cluster.name} is connected; stop it first`);
  const tied = await collections.instances.find({ cluster_id: id });
  const wanted = tied.filter(({ desired }) => desired === 'run');
  if (wanted.length > 0) {
    const names = wanted.slice(0, 5).map(({ job_name, instance_number }) => `${job_name}/${instance_number}`);
    throw inUse(
      `${wanted.length} instances are tied to cluster ${cluster.name}; remove them first: ${names}`,
    );
  }
  for (const instance of tied.filter(({ left = [] }) => left.length === 0)) {
    await collections.instances.remove(instance.id);
    await addresses.release(`instance/${instance.id}`);
  }
  // It may have come back since: then its workers have their subnets.
  if (!(await collections.clusters.remove(id, cluster.revision)))
    throw inUse(`cluster ${cluster.name} has changed meanwhile; try again`);
  for (const claim of await collections.claims.find()) {
    const { owner } = claim;
    if (owner.startsWith(`worker/${id}/`)) await collections.claims.remove(claim.id, { owner });
  }
  log.info({ cluster: cluster.name, cluster_id: id, request_id: requestId }, 'cluster removed');
}

function inUse(message: string): HedgerowError {
  return new HedgerowError(ERRORS.CLUSTER_IN_USE, message);
}
