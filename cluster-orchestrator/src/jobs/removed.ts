import type { Instance } from '../model.ts';
import type { Jobs } from './context.ts';
import { tombstone } from './steps.ts';

type Parts = Pick<Jobs, 'instances' | 'clock' | 'clusterName'>;

/** Its worker has removed it, or is gone with it: it is forgotten, unless the root has yet to be told why. */
export function removed(jobs: Parts, id: string): void {
  const instance = jobs.instances.get(id);
  if (instance?.withdrawn) {
    const detail = `removed at cluster ${jobs.clusterName} by an operator`;
    jobs.instances.set(tombstone(instance, detail, jobs.clock.now()));
  } else jobs.instances.forget(id);
}

/** It has ended, and no worker has a trace of it any more. */
export function detached(instance: Instance): Instance {
  return { ...instance, worker_id: '', namespace_ip: '' };
}
