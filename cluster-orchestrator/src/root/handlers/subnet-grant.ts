import type { FromRoot } from '@hedgerow/protos';
import type { Down } from '../dispatch.ts';

export function onSubnetGrant(down: Down, grant: NonNullable<FromRoot['subnet_grant']>): void {
  if (down.subnets.granted(grant)) return;
  down.jobs.log.warn(
    { subnet: grant.subnet },
    'the root granted a subnet that was not asked for on this stream',
  );
}
