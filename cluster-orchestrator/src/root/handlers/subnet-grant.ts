import type { FromRoot } from '@hedgerow/protos';
import type { Down } from '../dispatch.ts';

export async function onSubnetGrant(down: Down, grant: NonNullable<FromRoot['subnet_grant']>): Promise<void> {
  if (grant.claim_id === '' && grant.worker_id) return down.regranted(grant.worker_id, grant.subnet);
  if (down.subnets.granted(grant)) return;
  down.jobs.log.warn(
    { subnet: grant.subnet },
    'the root granted a subnet that was not asked for on this stream',
  );
}
