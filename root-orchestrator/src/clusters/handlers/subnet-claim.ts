import { isId, messageOf } from '@hedgerow/common';
import type { Handler } from './handler.ts';

/** A worker registers and needs its /26; a failure is the answer, so that the worker is told why. */
export const subnetClaim: Handler<'subnet_claim'> = async (
  session,
  { claim_id, worker_id },
  { subnets, driver, log },
) => {
  try {
    if (!isId(worker_id)) throw new TypeError(`worker id ${JSON.stringify(worker_id)} is not 24 hex digits`);
    const subnet = await subnets.claim(session.clusterId, worker_id);
    await driver.withdrawAddresses(subnet);
    session.send({ subnet_grant: { claim_id, subnet, error: '' } });
  } catch (error) {
    log.error({ err: error, cluster: session.name, worker_id }, 'a worker got no subnet');
    session.send({ subnet_grant: { claim_id, subnet: '', error: messageOf(error) } });
  }
};
