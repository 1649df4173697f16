import type { FromRoot } from '@hedgerow/protos';
import type { Down } from '../dispatch.ts';

export function onSubnetGrant(down: Down, grant: NonNullable<FromRoot['subnet_grant']>): void {
  down.subnets.granted(grant);
}
