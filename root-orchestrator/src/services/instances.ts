/** What a user can do with the instances of a service. */
import { HedgerowError } from '@hedgerow/common';
import type { Caller } from '../auth/caller.ts';
import { ERRORS } from '../errors.ts';
import type { Instance, Service } from '../model.ts';
import { isUnderWay } from '../rollouts/turns.ts';
import { ownService } from './access.ts';
import { addInstance } from './add-instance.ts';
import { type ChangesDeps, removeInstances } from './changes.ts';
import { Numbers } from './numbers.ts';
import { requirePrivilege } from './update-service.ts';

/** Oakestra's word for every instance. */
const ALL = -1;

export class Instances {
  readonly #deps: ChangesDeps;
  readonly #numbers: Numbers;

  constructor(deps: ChangesDeps) {
    this.#deps = deps;
    this.#numbers = new Numbers(deps.collections.services);
  }

  /**
   * Wants one more instance; it is placed and started in the background.
   * @returns its number. @throws SERVICE_UNKNOWN, FORBIDDEN, PRIVILEGE_REFUSED, ADDRESSES_EXHAUSTED
   */
  async add(caller: Caller, serviceId: string, requestId = ''): Promise<number> {
    const service = await ownService(this.#deps.collections, caller, serviceId, 'instance:create');
    for (const { microservice } of specifications(service)) requirePrivilege(caller, microservice, '');
    return (await addInstance(this.#deps, serviceId, { requestId }, this.#numbers)).instance_number;
  }

  /** @param number -1 for all. @throws SERVICE_UNKNOWN, INSTANCE_UNKNOWN */
  async remove(caller: Caller, serviceId: string, number: number, requestId = ''): Promise<void> {
    const service = await ownService(this.#deps.collections, caller, serviceId, 'instance:delete');
    const { id, job_name } = service;
    const running = await this.#running(id);
    const chosen = running.filter(instance => number === ALL || instance.instance_number === number);
    if (number !== ALL && chosen.length === 0) {
      throw new HedgerowError(ERRORS.INSTANCE_UNKNOWN, `${job_name} has no instance ${number}`);
    }
    await removeInstances(this.#deps, chosen, requestId);
    // An update may have made successors meanwhile: they and what they were to replace are one for whoever counts.
    const numbers = new Set(chosen.map(({ instance_number }) => instance_number));
    const successors = (await this.#running(id)).filter(({ replaces }) => numbers.has(replaces ?? ALL));
    await removeInstances(this.#deps, successors, requestId);
  }

  #running(serviceId: string): Promise<Instance[]> {
    return this.#deps.collections.instances.find({ service_id: serviceId, desired: 'run' });
  }
}

/** What a new instance may come to run: also what there was before, should an update be undone. */
function specifications({ microservice, rollout }: Service): Pick<Service, 'microservice'>[] {
  return [{ microservice }, ...(isUnderWay(rollout) ? [rollout.from, rollout.to] : [])];
}
