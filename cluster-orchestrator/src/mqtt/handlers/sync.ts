import { applySync } from '../../jobs/sync.ts';
import type { Up } from '../dispatch.ts';
import { job, list, object, parseObject } from '../parse.ts';

export async function onSync(up: Up, workerId: string, payload: Buffer): Promise<void> {
  const instances = list(parseObject(payload), 'instances').map((item, index) =>
    job(object(item, `instances.${index}`)),
  );
  up.beats.forget(workerId);
  await applySync(up.jobs, workerId, { instances });
  up.logs.workerSynced(workerId);
}
