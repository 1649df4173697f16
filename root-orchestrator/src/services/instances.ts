/** What a user can do with the instances of a service. */
import { HedgerowError, type New, update } from '@hedgerow/common';
import { NO_PLACEMENT, NO_USAGE } from '@hedgerow/protos';
import type { Caller } from '../auth/caller.ts';
import { ERRORS } from '../errors.ts';
import type { Instance, Service } from '../model.ts';
import { ownService } from './access.ts';
import { type ChangesDeps, removeInstance } from './changes.ts';

/** Oakestra's word for every instance. */
const ALL = -1;

export class Instances {
  readonly #deps: ChangesDeps;

  constructor(deps: ChangesDeps) {
    this.#deps = deps;
  }

  /** Wants one more instance; it is placed and started in the background. @returns its number */
  async add(caller: Caller, serviceId: string): Promise<number> {
    const known = await ownService(this.#deps.collections, caller, serviceId, 'instance:create');
    const service = await this.#takeNumber(known);
    const number = service.next_instance_number - 1;
    const instance = await this.#insert(service, number);
    if (!(await this.#deps.collections.services.get(serviceId))) {
      await removeInstance(this.#deps, instance.id);
      throw unknownService(serviceId);
    }
    this.#deps.deployments.requested(instance.id);
    return number;
  }

  /** @param number -1 for all. @throws SERVICE_UNKNOWN, INSTANCE_UNKNOWN */
  async remove(caller: Caller, serviceId: string, number: number): Promise<void> {
    const service = await ownService(this.#deps.collections, caller, serviceId, 'instance:delete');
    const running = await this.#deps.collections.instances.find({ service_id: service.id, desired: 'run' });
    const chosen = running.filter(instance => number === ALL || instance.instance_number === number);
    if (number !== ALL && chosen.length === 0) {
      throw new HedgerowError(ERRORS.INSTANCE_UNKNOWN, `${service.job_name} has no instance ${number}`);
    }
    for (const instance of chosen) await removeInstance(this.#deps, instance.id);
  }

  /** Numbers are never used twice. */
  async #takeNumber(service: Service): Promise<Service> {
    const taken = await update(this.#deps.collections.services, service.id, current => ({
      ...current,
      next_instance_number: current.next_instance_number + 1,
    }));
    if (!taken) throw unknownService(service.id);
    return taken;
  }

  async #insert(service: Service, number: number): Promise<Instance> {
    const id = `${service.id}/${number}`;
    const owner = `instance/${id}`;
    const instance_ip = await this.#deps.addresses.claimInstanceIp(owner);
    const seconds = this.#deps.clock.now() / 1000;
    try {
      return await this.#deps.collections.instances.insert(
        newInstance(service, number, instance_ip, seconds),
      );
    } catch (error) {
      await this.#deps.addresses.release(owner);
      throw error;
    }
  }
}

function unknownService(id: string): HedgerowError {
  return new HedgerowError(ERRORS.SERVICE_UNKNOWN, `you have no service with the id ${id}`);
}

function newInstance(
  service: Service,
  number: number,
  instance_ip: string,
  seconds: number,
  requestId = '',
): New<Instance> {
  return {
    id: `${service.id}/${number}`,
    service_id: service.id,
    application_id: service.application_id,
    job_name: service.job_name,
    instance_number: number,
    instance_ip,
    generation: service.generation,
    request_id: requestId,
    desired: 'run',
    cluster_id: '',
    status: 'REQUESTED',
    status_detail: 'Waiting for scheduling decision',
    epoch: 0,
    ...NO_PLACEMENT,
    ...NO_USAGE,
    last_modified_timestamp: seconds,
  };
}
