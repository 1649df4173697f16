/** What this cluster says of itself when it comes (back) to the root. */
import {
  digestInstances,
  digestSubnets,
  type Hello,
  type InstanceList,
  type InstanceReport,
  type SubnetHold,
} from '@hedgerow/protos';
import type { ClusterConfig } from '../config.ts';
import { toReport } from '../jobs/report.ts';
import type { Tables } from '../network/tables.ts';
import type { State } from '../state.ts';
import { holderOf } from '../workers/workers.ts';
import type { Reserve } from './reserve.ts';

export interface HelloSources {
  config: Pick<ClusterConfig, 'name' | 'location' | 'address' | 'host'>;
  state: Pick<State, 'instances' | 'workers' | 'rootEpoch'>;
  reserve: Pick<Reserve, 'holds'>;
  tables: Pick<Tables, 'digest'>;
  /** of the HTTP server */
  port(): number;
}

/** Digests instead of lists: the root asks for what it does not know. */
export function hello(sources: HelloSources): Hello {
  const { config, state, tables } = sources;
  const { instances, subnets } = listing(sources);
  return {
    cluster_name: config.name,
    cluster_location: config.location,
    port: sources.port(),
    address: config.address || (isWildcard(config.host) ? '' : config.host),
    instances: [],
    subnets: [],
    epoch: state.rootEpoch(),
    listed: false,
    instances_digest: digestInstances(instances),
    subnets_digest: digestSubnets(subnets),
    table_digest: tables.digest(),
  };
}

/** Everything that the cluster has accepted and not removed, and every subnet that it has. */
export function listing({ state, reserve }: HelloSources): InstanceList {
  return { instances: reports(state), subnets: [...workersSubnets(state), ...reserve.holds()] };
}

/** Logs are left out: the root has them. */
function reports({ instances, workers }: HelloSources['state']): InstanceReport[] {
  return instances.all().map(i => ({ ...toReport(i, workers.get(i.worker_id)), logs: '' }));
}

function workersSubnets({ workers }: HelloSources['state']): SubnetHold[] {
  const held = workers.all().filter(({ subnet }) => subnet !== '');
  return held.map(worker => ({ worker_id: holderOf(worker), subnet: worker.subnet }));
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
