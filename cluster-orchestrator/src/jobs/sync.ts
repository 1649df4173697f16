import { type SyncPayload, UP } from '@hedgerow/protos';
import type { Instance } from '../model.ts';
import { compare, type Repair } from './compare.ts';
import type { Jobs } from './context.ts';
import { deleteStray, deploy } from './deploy.ts';
import { applied } from './judge.ts';
import { refuseStatus } from './status.ts';

/**
 * A worker told everything that it has. It is the truth about what runs there; the cluster is the truth about what
 * should. Copies that are its own go on untouched; the rest is deleted or deployed. From here on it counts as live.
 */
export async function applySync(jobs: Jobs, workerId: string, sync: SyncPayload): Promise<void> {
  const own = jobs.instances.onWorker(workerId);
  const repairs = compare(workerId, own, id => jobs.instances.get(id), sync.instances);
  for (const repair of repairs) believe(jobs, workerId, repair);
  jobs.liveness.synced(workerId);
  await jobs.tables.pushAll(workerId);
  for (const repair of repairs) {
    if (repair.kind === 'delete') await deleteStray(jobs, workerId, repair.job);
    if (repair.kind === 'deploy') await deployAgain(jobs, repair.instance.id);
    if (repair.kind === 'refuse') refuseStatus(jobs, workerId, repair.instance, repair.job, UP.sync);
  }
}

/** All of it in one turn, so that nobody sees half of a sync. */
function believe(jobs: Jobs, workerId: string, repair: Repair): void {
  const next = believed(workerId, repair, jobs.clock.now());
  if (next) jobs.instances.set(next);
  else if (repair.kind === 'forget') jobs.instances.forget(repair.instance.id);
}

function believed(workerId: string, repair: Repair, now: number): Instance | null {
  if (repair.kind === 'adopt') return applied({ ...repair.instance, worker_id: workerId }, repair.job, now);
  if (repair.kind === 'detach') return { ...repair.instance, worker_id: '' };
  return repair.kind === 'deploy' ? scheduledAgain(repair.instance, now) : null;
}

function scheduledAgain(instance: Instance, now: number): Instance {
  return {
    ...instance,
    status: 'NODE_SCHEDULED',
    status_since: instance.status === 'NODE_SCHEDULED' ? instance.status_since : now,
    namespace_ip: '',
  };
}

async function deployAgain(jobs: Jobs, id: string): Promise<void> {
  const instance = jobs.instances.get(id);
  if (instance && instance.worker_id !== '') await deploy(jobs, instance);
}
