/** A root, a cluster and its workers, as the benches see them. */
import type { DockerEngine } from '../docker/engine.ts';
import type { Tap } from '../net/tap.ts';
import type { RootApi } from '../root-api.ts';
import type { RoleStarter } from './role.ts';

export interface Fleet {
  /** logged in */
  api: RootApi;
  /** the Engine that every worker uses */
  docker: DockerEngine;
  clusterName: string;
  workers: FleetWorker[];
  /** to kill and start again: root, cluster, and each worker by its name */
  roles: RoleStarter;
  /** file of the cluster's network namespace, and its link there */
  clusterAt: { netns: string; uplink: string };
  /** what cluster and root say to each other; null unless it was asked for */
  tap: Tap | null;
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
