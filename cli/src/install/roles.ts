import { clusterSettings } from '@hedgerow/cluster-orchestrator/config';
import type { Setting, Settings } from '@hedgerow/common';
import { netSettings } from '@hedgerow/net-manager/config';
import { nodeCliSettings } from '@hedgerow/node-engine/config';
import { rootSettings } from '@hedgerow/root-orchestrator/config';
import { refuseTrialPassword } from '@hedgerow/root-orchestrator/trial-password';

import type { Variables } from './environment.ts';

export type InstallRoleName = 'root' | 'cluster' | 'worker' | 'net-manager' | 'node-engine';

/** What `hedge install` can make a service of. */
export interface InstallRole {
  /** what it is, for people */
  title: string;
  settings: Readonly<Record<string, Setting<unknown>>>;
  /** of the first install */
  defaults: Variables;
  /** variables that must have a value, and the option that gives it */
  needs: Readonly<Record<string, string>>;
  /** variable of the tier above, whose host must be known */
  parent?: string;
  /** below /var/lib/hedgerow, `StateDirectory=` of its unit */
  state: string;
  /** what may not be on the same machine, because it does the same */
  excludes: readonly InstallRoleName[];
  /** ends everything that it started and that would outlive it */
  removal?: readonly string[];
  /** what no setting can say alone; throws as the service itself would */
  check?(variables: Variables): void;
  /** runs as a user of its own, which must be able to read the installation */
  confined: boolean;
}

const table = <C>(settings: Settings<C>) => settings as InstallRole['settings'];

export const INSTALL_ROLES: Readonly<Record<InstallRoleName, InstallRole>> = {
  root: {
    title: 'root (System Manager)',
    settings: table(rootSettings),
    defaults: { ROOT_HOST: '0.0.0.0' },
    needs: { ADMIN_PASSWORD: '--admin-password' },
    state: 'root',
    excludes: [],
    check: ({ ROOT_HOST = '', ADMIN_PASSWORD = '' }) =>
      refuseTrialPassword(ROOT_HOST || rootSettings.host.default, ADMIN_PASSWORD),
    confined: true,
  },
  cluster: {
    title: 'cluster (Cluster Manager)',
    settings: table(clusterSettings),
    defaults: { CLUSTER_HOST: '0.0.0.0' },
    needs: { SYSTEM_MANAGER_URL: '--root', CLUSTER_NAME: '--name', ROOT_TOKEN: '--token' },
    parent: 'SYSTEM_MANAGER_URL',
    state: 'cluster',
    excludes: [],
    confined: true,
  },
  worker: {
    title: 'worker (Node Engine and Net Manager)',
    settings: table(nodeCliSettings),
    defaults: {},
    needs: { HEDGEROW_CLUSTER_ADDRESS: '--cluster', HEDGEROW_WORKER_TOKEN: '--token' },
    parent: 'HEDGEROW_CLUSTER_ADDRESS',
    removal: ['hedge', 'worker', '--remove-all'],
    state: 'worker',
    excludes: ['net-manager', 'node-engine'],
    confined: false,
  },
  'net-manager': {
    title: 'Net Manager',
    settings: table(netSettings),
    defaults: {},
    needs: {},
    removal: ['NetManager', '--teardown'],
    state: 'net',
    excludes: ['worker'],
    confined: false,
  },
  'node-engine': {
    title: 'Node Engine',
    settings: table(nodeCliSettings),
    defaults: {},
    needs: { HEDGEROW_CLUSTER_ADDRESS: '--cluster', HEDGEROW_WORKER_TOKEN: '--token' },
    parent: 'HEDGEROW_CLUSTER_ADDRESS',
    removal: ['NodeEngine', '--remove-all'],
    state: 'worker',
    excludes: ['worker'],
    confined: false,
  },
};

export const ROLE_NAMES = Object.keys(INSTALL_ROLES) as InstallRoleName[];

export function unitOf(role: InstallRoleName): string {
  return `hedgerow-${role}.service`;
}
