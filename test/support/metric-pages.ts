import { STATUS_PORT } from '@hedgerow/common/metrics';
import type { TestFleet } from './fleet.ts';
import { execInNamespace } from './netns.ts';

/** `/metrics` of root, cluster and workers, as text. */
export async function metricPages(fleet: TestFleet): Promise<string[]> {
  const workers = [...fleet.workers.values()].map(({ address }) => `${address}:${STATUS_PORT}`);
  return Promise.all([
    fetch(`${fleet.root.url}/metrics`).then(reply => reply.text()),
    clusterMetrics(fleet),
    ...workers.map(address => pageOf(fleet, address)),
  ]);
}

export function clusterMetrics(fleet: TestFleet): Promise<string> {
  return pageOf(fleet, `${fleet.cluster.address}:10100`);
}

function pageOf({ cluster }: TestFleet, address: string): Promise<string> {
  const wget = ['/bin/busybox', 'wget', '-qO-', `http://${address}/metrics`] as const;
  return execInNamespace(cluster.namespace ?? '', ...wget);
}
