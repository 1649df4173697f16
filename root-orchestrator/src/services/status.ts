/** The status of a service: that of the instance which most needs to be looked at. */
import type { Status } from '@hedgerow/protos';
import type { Instance } from '../model.ts';

/** Most telling first: what failed, what could not be placed, what is on its way, what is as it should be. */
const ORDER: readonly Status[] = [
  'DEAD',
  'FAILED',
  'NO_QUALIFIED_WORKER_FOUND',
  'NO_WORKER_CAPACITY',
  'NO_NODE_FOUND',
  'TargetClusterNotFound',
  'TargetClusterNotActive',
  'TargetClusterNoCapacity',
  'NoActiveClusterWithCapacity',
  'REQUESTED',
  'CLUSTER_SCHEDULED',
  'NODE_SCHEDULED',
  'CREATING',
  'CREATED',
  'RUNNING',
  'COMPLETED',
  'UNDEPLOYED',
];

export interface ServiceStatus {
  status?: Status;
  status_detail?: string;
}

/** @param everDeployed a service that was never deployed has no status, as in Oakestra */
export function serviceStatus(instances: readonly Instance[], everDeployed: boolean): ServiceStatus {
  const [first] = instances.toSorted((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  if (!first) return everDeployed ? { status: 'UNDEPLOYED', status_detail: 'No instance is wanted.' } : {};
  const alike = instances.filter(instance => instance.status === first.status).length;
  const share = instances.length === 1 ? '' : `${alike} of ${instances.length} instances: `;
  return { status: first.status, status_detail: share + first.status_detail };
}
