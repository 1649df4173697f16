import { type StatusOf, type SyncPayload, UP } from '@hedgerow/protos';
import type { Instance } from '../model.ts';
import { withOwnAddress } from './addresses.ts';
import { compare, type Repair } from './compare.ts';
import type { Jobs } from './context.ts';
import { deleteStray, deploy } from './deploy.ts';
import { applied } from './judge.ts';
import { detached, removed } from './removed.ts';
import { refuseStatus } from './status.ts';
import { stepped } from './steps.ts';

/**
 * A worker told everything that it has. It is the truth about what runs there; the cluster is the truth about what
 * should. Copies that are its own go on untouched; the rest is deleted, before anybody hears of this worker again, or
 * deployed. From here on it counts as live.
 */
export async function applySync(jobs: Jobs, workerId: string, sync: SyncPayload): Promise<void> {
  const own = jobs.instances.onWorker(workerId);
  const reported = sync.instances.map(job => withOwnAddress(jobs, workerId, job));
  const repairs = compare(workerId, own, id => jobs.instances.get(id), reported);
  // said in this turn, the tables in the next
  const deleted = repairs.map(repair =>
    repair.kind === 'delete' ? deleteStray(jobs, workerId, repair.instance, repair.job) : undefined,
  );
  for (const repair of repairs) believe(jobs, workerId, repair);
  jobs.liveness.synced(workerId);
  await Promise.all(deleted);
  await jobs.tables.complete(workerId);
  for (const repair of repairs) {
    if (repair.kind === 'deploy') await deployAgain(jobs, repair.instance.id);
    if (repair.kind === 'refuse') refuseStatus(jobs, workerId, repair.instance, repair.job, UP.sync);
  }
}

/** All of it in one turn, so that nobody sees half of a sync. */
function believe(jobs: Jobs, workerId: string, repair: Repair): void {
  const next = believed(jobs, workerId, repair);
  if (next) jobs.instances.set(next);
  else if (repair.kind === 'forget') removed(jobs, repair.instance.id);
}

function believed(jobs: Jobs, workerId: string, repair: Repair): Instance | null {
  const now = jobs.clock.now();
  if (repair.kind === 'adopt') return applied({ ...repair.instance, worker_id: workerId }, repair.job, now);
  if (repair.kind === 'detach') return detached(repair.instance);
  return repair.kind === 'deploy' ? scheduledAgain(jobs, repair.instance, now) : null;
}

function scheduledAgain(jobs: Jobs, instance: Instance, now: number): Instance {
  const status: StatusOf<'cluster'> = 'NODE_SCHEDULED';
  const { worker_id, status_since } = instance;
  if (instance.status === status) return { ...instance, status_since, namespace_ip: '' };
  const told = `worker ${jobs.workers.nameOf(worker_id)} does not have it; sent again`;
  return { ...stepped(instance, { status, told, worker_id }, now), namespace_ip: '' };
}

async function deployAgain(jobs: Jobs, id: string): Promise<void> {
  const instance = jobs.instances.get(id);
  if (instance && instance.worker_id !== '') await deploy(jobs, instance);
}
