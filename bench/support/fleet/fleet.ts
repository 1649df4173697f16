/** A root, a cluster and its workers, as the benches see them. */
import type { DockerEngine } from '../docker/engine.ts';
import type { RootApi } from '../root-api.ts';

export interface Fleet {
  /** logged in */
  api: RootApi;
  /** the Engine that every worker uses */
  docker: DockerEngine;
  clusterName: string;
  workers: FleetWorker[];
  /** process ids by role: root and cluster (or manager, when they are one process), worker-0, worker-1 */
  processes: Record<string, number>;
}

export interface FleetWorker {
  /** host name, as `direct` constraints name it */
  name: string;
  /** as instances name it in `host_ip` */
  address: string;
  /** file to enter its network namespace by */
  netns: string;
  /** its end of the link to the cluster, inside its namespace */
  uplink: string;
}
