import { ClusterSchema } from '@hedgerow/protos';
import { Type } from 'typebox';
import type { Collections } from '../../collections.ts';
import type { Sessions } from '../../ports.ts';
import { viewCluster } from '../../services/views.ts';
import { type Route, route } from '../route.ts';

export interface ClusterRoutesDeps {
  collections: Collections;
  sessions: Sessions;
}

/** Open as in Oakestra: a worker's installer asks here before anybody has logged in. */
export function clusterRoutes(deps: ClusterRoutesDeps): Route[] {
  return [
    clusters('/api/clusters', 'All clusters.', deps, () => true),
    clusters('/api/clusters/active', 'The clusters that are connected.', deps, active => active),
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
        .map(cluster => viewCluster(cluster, sessions.isConnected(cluster.id)))
        .filter(cluster => wanted(cluster.active));
    },
  );
}
