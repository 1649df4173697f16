import { type Route, route } from '../route.ts';

export interface ClusterState {
  clusterName: string;
  /** "" until the root has given one */
  clusterId(): string;
  connectedToRoot(): boolean;
  brokerReachable(): boolean;
}

export function statusRoutes(state: ClusterState): Route[] {
  return [
    route('get', '/api/cluster/status', () => ({
      cluster_name: state.clusterName,
      cluster_id: state.clusterId() || null,
      connected_to_root: state.connectedToRoot(),
    })),
    route('get', '/healthz', () => ({ status: 'ok' })),
    route('get', '/readyz', (_, response) => {
      const missing = [
        ...(state.brokerReachable() ? [] : ['the broker is out of reach']),
        // a cluster that was welcomed once works on without its root
        ...(state.clusterId() === '' ? ['the root has not welcomed this cluster yet'] : []),
      ];
      if (missing.length > 0) response.status(503);
      return { status: missing.length === 0 ? 'ready' : 'not ready', missing };
    }),
  ];
}
