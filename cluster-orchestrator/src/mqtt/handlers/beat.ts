import { HedgerowError } from '@hedgerow/common';
import { DOWN, decodeBeat } from '@hedgerow/protos';
import { ERRORS } from '../../errors.ts';
import type { Up } from '../dispatch.ts';

/** Sign of life, answer to a probe, and a hash of what the worker has. */
export async function onBeat(up: Up, workerId: string, payload: Buffer): Promise<void> {
  const beat = decodeBeat(payload);
  if (!beat)
    throw new HedgerowError(ERRORS.PAYLOAD_INVALID, `a beat has 8 bytes, this has ${payload.length}`);
  if (!up.jobs.liveness.isThere(workerId)) return up.askForSync(workerId);
  if (!up.beats.differs(workerId, beat.hash, up.jobs.instances.onWorker(workerId))) return;
  up.jobs.log.info({ worker: workerId }, 'worker has something else than the cluster believes; it is asked');
  await up.jobs.downlink.send(workerId, DOWN.sync, {});
}
