import type { InstanceRef } from '@hedgerow/protos';
import { type Instance, instanceId } from '../model.ts';
import type { Jobs } from './context.ts';
import { sendDelete } from './deploy.ts';
import { goneReport } from './report.ts';

/** ms that workers have to take an instance out of their maps before its program is stopped. */
const LEAVING = 250;

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
  if (known.desired === 'run' && isServing(jobs, known)) await leave(jobs);
  const then = jobs.instances.get(id);
  if (then?.desired === 'gone') await sendDelete(jobs, then.worker_id, then);
}

/** It answers, and so do others of its service: whoever asks the service next can be spared a program that ends. */
function isServing(jobs: Jobs, instance: Instance): boolean {
  const entry = jobs.tables.find({ sname: instance.service.job_name, sip: '' });
  const others = entry?.instances.some(({ namespace_ip }) => namespace_ip !== '') ?? false;
  return instance.status === 'RUNNING' && others;
}

function leave(jobs: Jobs): Promise<void> {
  return new Promise(resolve => jobs.clock.after(LEAVING, resolve));
}
