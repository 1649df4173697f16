import { HedgerowError, messageOf } from '@hedgerow/common';
import type { InstanceRef } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import { about } from '../logs/story.ts';
import { type Instance, instanceId, isTombstone } from '../model.ts';
import type { Jobs } from './context.ts';
import { sendDelete } from './deploy.ts';
import { removed } from './removed.ts';
import { goneReport } from './report.ts';

/** ms that workers have to take an instance out of their maps before its program is stopped. */
const LEAVING = 250;

/**
 * The root does not want this instance any more. It is kept as `gone` until its worker says that it has removed it;
 * without a worker that could say so it is forgotten at once, and a copy that turns up later is a stray. A disk that is
 * full does not keep it running: that it is gone is written when there is room.
 */
export async function remove(jobs: Jobs, ref: InstanceRef & { request_id: string }): Promise<void> {
  const id = instanceId(ref);
  const known = jobs.instances.get(id);
  if (!known) return jobs.report(goneReport(ref));
  if (isTombstone(known)) return jobs.instances.forget(id);
  // the root knows: nothing has to be remembered for it
  if (known.withdrawn) jobs.instances.set({ ...known, withdrawn: false });
  const request_id = ref.request_id || known.request_id;
  if (known.desired === 'run') await markGone(jobs, { ...known, request_id });
  await carryOut(jobs, known);
}

/**
 * An operator does not want this instance any more, whether or not the root can be asked. When it is gone, that is
 * remembered on disk until the root has said that it knows.
 *
 * @throws INSTANCE_UNKNOWN
 */
export async function withdraw(jobs: Jobs, ref: InstanceRef): Promise<Instance> {
  const id = instanceId(ref);
  await jobs.instances.saving(id);
  const known = jobs.instances.get(id);
  if (!known) {
    const name = `instance ${ref.instance_number} of service ${ref.service_id}`;
    throw new HedgerowError(ERRORS.INSTANCE_UNKNOWN, `this cluster does not have ${name}`);
  }
  if (known.desired === 'gone') return known;
  jobs.log.info(about(known), 'an operator removes it here');
  await markGone(jobs, { ...known, withdrawn: true });
  const going = jobs.instances.get(id) ?? known;
  carryOut(jobs, known).catch((error: unknown) => {
    jobs.log.error({ ...about(known), error: messageOf(error) }, 'removal failed; it is tried again');
  });
  return going;
}

function markGone(jobs: Jobs, instance: Instance): Promise<void> {
  return jobs.instances.keep({ ...instance, desired: 'gone', status_since: jobs.clock.now() });
}

/** @param before how it was before it was to go */
async function carryOut(jobs: Jobs, before: Instance): Promise<void> {
  const { id } = before;
  const now = jobs.instances.get(id);
  if (now?.desired !== 'gone') return;
  if (!jobs.liveness.isExpected(now.worker_id)) return removed(jobs, id);
  jobs.tables.flush();
  if (before.desired === 'run' && isServing(jobs, before)) await leave(jobs);
  const then = jobs.instances.get(id);
  if (then?.desired === 'gone' && !isTombstone(then)) await sendDelete(jobs, then.worker_id, then);
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
