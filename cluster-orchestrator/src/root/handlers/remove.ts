import type { InstanceRef } from '@hedgerow/protos';
import { remove } from '../../jobs/remove.ts';
import type { Down } from '../dispatch.ts';

export function onRemove(down: Down, ref: InstanceRef): Promise<void> {
  return remove(down.jobs, ref);
}
