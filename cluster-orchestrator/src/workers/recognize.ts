import { deploy, sendDelete } from '../jobs/deploy.ts';
import type { Up } from '../mqtt/dispatch.ts';
import { hashOf } from './beats.ts';

/** What a worker says that it has. */
export interface Digests {
  /** of its instances */
  instances: number;
  /** of the network table that it was told; 0 = it knows none */
  table: number;
}

/**
 * A worker came (back). If it has what the cluster believes that it has, that is as good as a sync: nothing more is
 * said but what it may have missed: orders that it has not taken up, removals that it has not carried out, and the
 * table if it knows another one. Else it is asked.
 */
export async function recognize(up: Up, workerId: string, digests: Digests): Promise<void> {
  const { jobs, beats, logs } = up;
  const believed = jobs.instances.onWorker(workerId);
  const knowsTable = jobs.tables.recognize(workerId, digests.table);
  if (digests.instances !== hashOf(believed)) return up.askForSync(workerId);
  beats.forget(workerId);
  jobs.liveness.synced(workerId);
  if (!knowsTable) await jobs.tables.complete(workerId);
  for (const { id } of believed) {
    const instance = jobs.instances.get(id);
    if (instance?.worker_id !== workerId) continue;
    if (instance.desired === 'gone') await sendDelete(jobs, workerId, instance);
    else if (instance.status === 'NODE_SCHEDULED') await deploy(jobs, instance);
  }
  logs.workerSynced(workerId);
}
