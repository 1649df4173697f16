export { type Cluster, type ClusterDeps, startCluster } from './app.ts';
export { type ClusterConfig, clusterSettings } from './config.ts';
