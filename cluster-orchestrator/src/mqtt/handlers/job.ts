import { applyStatus } from '../../jobs/status.ts';
import type { Up } from '../dispatch.ts';
import { job, parseObject } from '../parse.ts';

export function onJob(up: Up, workerId: string, payload: Buffer): Promise<void> {
  return applyStatus(up.jobs, workerId, job(parseObject(payload)));
}
