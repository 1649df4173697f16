import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../../errors.ts';
import { recognize } from '../../workers/recognize.ts';
import { tellRenumbered } from '../../workers/renumber.ts';
import type { Up } from '../dispatch.ts';
import { digest, parseObject } from '../parse.ts';

/**
 * The connection came or went (Last Will, or the worker's process said so before it ended). Its containers go on
 * either way, so going is only silence that is known at once. Who comes says what it has by digests; software that
 * does not is asked when it beats, if it has to be. What the broker kept from earlier says nothing of now.
 */
export async function onPresence(
  up: Up,
  workerId: string,
  payload: Buffer,
  retained: boolean,
): Promise<void> {
  const fields = parseObject(payload);
  const { online } = fields;
  if (typeof online !== 'boolean') {
    throw new HedgerowError(ERRORS.PAYLOAD_INVALID, 'online is missing; allowed: true or false');
  }
  const [instances, table] = [digest(fields, 'instances'), digest(fields, 'table')];
  if (retained) return;
  if (!online) return up.jobs.liveness.closed(workerId);
  up.jobs.liveness.heard(workerId);
  if (instances !== null) await recognize(up, workerId, { instances, table: table ?? 0 });
  await tellRenumbered(up.jobs, workerId);
}
