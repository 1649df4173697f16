import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../../errors.ts';
import type { Up } from '../dispatch.ts';
import { parseObject } from '../parse.ts';

/**
 * The connection came or went (Last Will, or the worker's process said so before it ended). Its containers go on
 * either way, so going is only silence that is known at once.
 */
export function onPresence(up: Up, workerId: string, payload: Buffer, retained: boolean): void {
  const { online } = parseObject(payload);
  if (typeof online !== 'boolean') {
    throw new HedgerowError(ERRORS.PAYLOAD_INVALID, 'online is missing; allowed: true or false');
  }
  if (retained) return;
  if (online) up.jobs.liveness.heard(workerId);
  else up.jobs.liveness.closed(workerId);
}
