/** Addresses that a cluster says its instances have, against the subnets of its workers. */
import { inPrefix } from '@hedgerow/common';
import { type InstanceReport, workerPrefix } from '@hedgerow/protos';
import type { HandlerParts } from './handlers/handler.ts';
import type { Session } from './session.ts';

/**
 * Reports without addresses of other clusters' workers, to whom nobody else is led. What else the cluster says of its
 * instances may be so. Of each stream it is logged once.
 */
export function withOwnAddresses(
  session: Session,
  reports: readonly InstanceReport[],
  { subnets, log }: Pick<HandlerParts, 'subnets' | 'log'>,
): InstanceReport[] {
  const isOwn = (subnet: string) => subnets.isFreeFor(session.clusterId, subnet);
  return reports.map(report => {
    const own = withOwnAddress(report, isOwn);
    if (own !== report && session.isNews('foreign address')) {
      const { service_id, instance_number, worker_id, namespace_ip: address, worker_subnet: subnet } = report;
      const fields = { cluster: session.name, service_id, instance_number, worker_id, address, subnet };
      log.warn(fields, 'address refused: it is another worker’s, or not of its worker’s subnet');
    }
    return own;
  });
}

function withOwnAddress(report: InstanceReport, isOwn: (subnet: string) => boolean): InstanceReport {
  const { namespace_ip: address, worker_subnet: subnet } = report;
  if (subnet !== '' && !isOwn(subnet)) return { ...report, namespace_ip: '', worker_subnet: '' };
  if (address === '' || inPrefix(address, workerPrefix(subnet))) return report;
  return { ...report, namespace_ip: '' };
}
