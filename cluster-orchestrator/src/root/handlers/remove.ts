import type { FromRoot } from '@hedgerow/protos';
import { remove } from '../../jobs/remove.ts';
import type { Down } from '../dispatch.ts';

export function onRemove(down: Down, message: NonNullable<FromRoot['remove']>): Promise<void> {
  return remove(down.jobs, message);
}
