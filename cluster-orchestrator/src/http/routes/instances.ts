import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../../errors.ts';
import type { Jobs } from '../../jobs/context.ts';
import { withdraw } from '../../jobs/remove.ts';
import type { Instance } from '../../model.ts';
import { checkToken, type Registration } from '../../workers/registration.ts';
import { bearer, type Route, route } from '../route.ts';

/**
 * For operators of this site, whether or not the root can be reached: with the join token of workers as a bearer token,
 * or from loopback.
 */
export function instanceRoutes(jobs: Jobs, guard: Pick<Registration, 'joinToken' | 'trusting'>): Route[] {
  return [
    route('get', '/api/instances', request => {
      checkToken(guard, bearer(request));
      return { instances: jobs.instances.all().map(instance => view(jobs, instance)) };
    }),
    route('delete', '/api/instances/:service_id/:instance_number', async request => {
      checkToken(guard, bearer(request));
      const { service_id, instance_number } = request.params;
      const ref = { service_id: String(service_id), instance_number: numberOf(String(instance_number)) };
      return view(jobs, await withdraw(jobs, ref));
    }),
  ];
}

function view({ workers }: Jobs, instance: Instance): object {
  const { worker_id } = instance;
  return {
    id: instance.id,
    service_id: instance.service_id,
    instance_number: instance.instance_number,
    job_name: instance.service.job_name,
    worker: worker_id === '' ? '' : workers.nameOf(worker_id),
    worker_id,
    status: instance.status,
    status_detail: instance.status_detail,
    desired: instance.desired,
    withdrawn: instance.withdrawn,
    generation: instance.generation,
    epoch: instance.epoch,
  };
}

function numberOf(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new HedgerowError(ERRORS.REQUEST_INVALID, `${JSON.stringify(text)} is no number of an instance`);
}
