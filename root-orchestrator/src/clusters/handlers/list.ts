import { isPlaced, isStatus } from '@hedgerow/protos';
import type { Board } from '../../deployments/board.ts';
import { instanceId } from '../../deployments/comparison.ts';
import type { Instance } from '../../model.ts';
import type { Regrant } from '../../network/subnets.ts';
import { withOwnAddresses } from '../addresses.ts';
import { saneHolds } from '../sane.ts';
import type { Handler, HandlerParts } from './handler.ts';
import { sensible } from './reports.ts';

/** What the digests of a Hello stood for. */
export const list: Handler<'list'> = async (session, { instances, subnets }, parts) => {
  const { clusterId } = session;
  const reports = sensible(session, instances, parts);
  const using = (id: string, subnet: string) => {
    if (id !== clusterId) return parts.board.ofCluster(id).filter(isUsing(subnet)).length;
    return reports
      .filter(isUsing(subnet))
      .filter(report => mayStay(parts.board, clusterId, instanceId(report))).length;
  };
  const holds = saneHolds(subnets);
  const regrants = await parts.subnets.compare(clusterId, holds, { using, log: parts.log });
  for (const regrant of regrants) await tell(regrant, parts);
  await parts.driver.compare(session, withOwnAddresses(session, reports, parts));
  parts.driver.roomier();
};

function isUsing(subnet: string) {
  return ({ worker_subnet, status }: Pick<Instance, 'worker_subnet'> & { status: string }): boolean =>
    worker_subnet === subnet && isStatus(status) && isPlaced(status);
}

/** Or is it removed as soon as it is compared? */
function mayStay(board: Board, clusterId: string, id: string): boolean {
  const stored = board.get(id);
  return stored?.desired === 'run' && (stored.cluster_id === clusterId || stored.cluster_id === '');
}

/** A cluster that is away names the old one when it is back, and is told then. */
async function tell({ cluster_id, worker_id, subnet, was }: Regrant, parts: HandlerParts): Promise<void> {
  parts.clusters.session(cluster_id)?.send({ subnet_grant: { claim_id: '', subnet, error: '', worker_id } });
  await parts.driver.withdrawAddresses(was);
}
