import type { InstanceRef } from '@hedgerow/protos';
import { instanceId } from '../model.ts';
import type { Jobs } from './context.ts';
import { sendDelete } from './deploy.ts';
import { goneReport } from './report.ts';

/**
 * The root does not want this instance any more. It is kept as `gone` until its worker says that it has removed it;
 * without a worker that could say so it is forgotten at once, and a copy that turns up later is a stray.
 */
export async function remove(jobs: Jobs, ref: InstanceRef & { request_id: string }): Promise<void> {
  const id = instanceId(ref);
  const known = jobs.instances.get(id);
  if (!known) {
    jobs.report(goneReport(ref));
    return;
  }
  if (known.desired === 'run') {
    const request_id = ref.request_id || known.request_id;
    await jobs.instances.save({ ...known, desired: 'gone', request_id, status_since: jobs.clock.now() });
  }
  const now = jobs.instances.get(id);
  if (now?.desired !== 'gone') return;
  if (!jobs.liveness.isExpected(now.worker_id)) {
    jobs.instances.forget(id);
    return;
  }
  jobs.tables.flush();
  await sendDelete(jobs, now.worker_id, now);
}
