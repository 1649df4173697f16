/** `PUT /api/service/{id}`. */
import { type FieldError, HedgerowError, type New, sentenceOf, update } from '@hedgerow/common';
import type { Microservice } from '@hedgerow/protos';
import { type Caller, reach } from '../auth/caller.ts';
import { ERRORS } from '../errors.ts';
import type { Service } from '../model.ts';
import { type Begin, begun, takenUp } from '../rollouts/turns.ts';
import { changed, type ServiceChange } from '../sla/change.ts';
import { ownService } from './access.ts';
import type { ChangesDeps } from './changes.ts';
import { requireSize } from './size.ts';

/**
 * Gives a service another specification. Its instances are replaced one by one in the background, unless only words
 * changed that no worker reads.
 * @throws SERVICE_UNKNOWN, FORBIDDEN, SLA_INVALID, PRIVILEGE_REFUSED, BODY_TOO_LARGE, ROLLOUT_RUNNING; then nothing was changed
 */
export async function updateService(
  deps: ChangesDeps,
  caller: Caller,
  id: string,
  change: ServiceChange,
  requestId: string,
): Promise<void> {
  await ownService(deps.collections, caller, id, 'service:update');
  await storeUpdate(deps, caller, id, change, requestId);
}

/** For a service that the caller may change. @throws as `updateService` */
export async function storeUpdate(
  deps: ChangesDeps,
  caller: Caller,
  id: string,
  change: ServiceChange,
  requestId: string,
): Promise<void> {
  const populated = await isPopulated(deps, id);
  const begin = { requestId, seconds: deps.clock.now() / 1000, populated };
  let before = 0;
  const stored = await update(deps.collections.services, id, service => {
    before = service.generation;
    return planUpdate(caller, service, change, begin);
  });
  if (!stored) throw new HedgerowError(ERRORS.SERVICE_UNKNOWN, `the service ${id} was removed meanwhile`);
  // One that was stored since may have been started already, as it was before.
  if (!populated && stored.generation > before && (await isPopulated(deps, id)))
    await update(deps.collections.services, id, current =>
      current.generation === stored.generation ? takenUp(current) : null,
    );
  const fields = { service: id, generation: stored.generation, request_id: requestId };
  deps.log.info(fields, 'update of a service requested');
}

/** Is there an instance that an update has to replace? */
async function isPopulated({ collections }: ChangesDeps, id: string): Promise<boolean> {
  const instances = await collections.instances.find({ service_id: id, desired: 'run' });
  return instances.some(({ status }) => status !== 'COMPLETED');
}

/** @returns the service with its new specification, null when it has it already. @throws as `updateService` */
export function planUpdate(
  caller: Caller,
  service: Service,
  change: ServiceChange,
  begin: Begin,
): New<Service> | null {
  const result = changed(service, change);
  if ('errors' in result) throw invalid(result.errors);
  requirePrivilege(caller, result.microservice, change.path);
  requireSize(`service ${service.job_name}`, result.microservice);
  return begun(service, result.microservice, begin);
}

/** A privileged container is as good as root on its worker. @throws PRIVILEGE_REFUSED naming the field */
export function requirePrivilege(caller: Caller, { privileged }: Microservice, path: string): void {
  if (!privileged || reach(caller, 'service:privileged') === 'all') return;
  const field = path === '' ? 'privileged' : `${path}.privileged`;
  throw new HedgerowError(ERRORS.PRIVILEGE_REFUSED, 'only an Admin may run privileged containers', {
    errors: [{ path: field, found: true, allowed: 'false, without role Admin' }],
  });
}

/** Names every field, the first one in its sentence. */
export function invalid(errors: readonly FieldError[]): HedgerowError {
  return new HedgerowError(ERRORS.SLA_INVALID, sentenceOf(errors), { errors: [...errors] });
}
