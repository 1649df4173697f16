import { ClusterSchema, MessageSchema } from '@hedgerow/protos';
import { Type } from 'typebox';
import { ERRORS } from '../../errors.ts';
import type { Sessions } from '../../ports.ts';
import type { ChangesDeps } from '../../services/changes.ts';
import { removeCluster } from '../../services/remove-cluster.ts';
import { viewCluster } from '../../services/views.ts';
import { type Route, route } from '../route.ts';

export interface ClusterRoutesDeps extends ChangesDeps {
  sessions: Sessions;
}

/** The lists are open as in Oakestra: a worker's installer asks here before anybody has logged in. */
export function clusterRoutes(deps: ClusterRoutesDeps): Route[] {
  return [
    clusters('/api/clusters', 'All clusters.', deps, () => true),
    clusters('/api/clusters/active', 'The clusters that are connected.', deps, active => active),
    remove(deps),
  ];
}

function clusters(
  path: string,
  summary: string,
  { collections, sessions }: ClusterRoutesDeps,
  wanted: (active: boolean) => boolean,
): Route {
  return route(
    { method: 'get', path, tag: 'Clusters', summary, access: 'open', response: Type.Array(ClusterSchema) },
    async () => {
      const all = await collections.clusters.find();
      return all
        .map(cluster => viewCluster(cluster, sessions.isConnected(cluster.id, cluster)))
        .filter(cluster => wanted(cluster.active));
    },
  );
}

function remove(deps: ClusterRoutesDeps): Route {
  return route(
    {
      method: 'delete',
      path: '/api/cluster/{id}',
      tag: 'Clusters',
      summary: 'Forget a cluster that will not come back, with the subnets of its workers.',
      access: 'cluster:manage',
      response: MessageSchema,
      errors: [ERRORS.CLUSTER_UNKNOWN, ERRORS.CLUSTER_IN_USE],
    },
    async ({ params, requestId }) => {
      await removeCluster(deps, deps.sessions, params.id ?? '', requestId);
      return { message: 'Cluster removed' };
    },
  );
}
