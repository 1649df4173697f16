import { type Route, route } from '../route.ts';

export interface ClusterState {
  clusterName: string;
  /** "" until the root has given one */
  clusterId(): string;
  connectedToRoot(): boolean;
}

export function statusRoutes(state: ClusterState): Route[] {
  return [
    route('get', '/api/cluster/status', () => ({
      cluster_name: state.clusterName,
      cluster_id: state.clusterId() || null,
      connected_to_root: state.connectedToRoot(),
    })),
  ];
}
