/** What a user can see of applications, services and instances. Single things are read from the store, lists from memory. */
import { HedgerowError } from '@hedgerow/common';
import type { ApiApplication, ApiHistory, ApiInstance, ApiService } from '@hedgerow/protos';
import type { Caller } from '../auth/caller.ts';
import type { Collections } from '../collections.ts';
import { ERRORS } from '../errors.ts';
import type { Mirrors } from '../mirrors/mirrors.ts';
import type { Instance, Service } from '../model.ts';
import type { HistoryReader } from '../ports.ts';
import { ownApplication, ownService } from './access.ts';
import { Catalogue, type ListQuery } from './catalogue.ts';
import { Usage } from './usage.ts';
import { type Surroundings, viewApplication, viewHistory, viewInstance, viewService } from './views.ts';

export class Reader {
  readonly #collections: Collections;
  readonly #catalogue: Catalogue;
  readonly #histories: HistoryReader;
  readonly #surroundings: Surroundings;

  /** @param mirrors started */
  constructor(collections: Collections, mirrors: Mirrors, histories: HistoryReader) {
    this.#collections = collections;
    this.#histories = histories;
    this.#catalogue = new Catalogue(mirrors);
    const usage = new Usage(mirrors.instances);
    this.#surroundings = {
      location: id => mirrors.clusters.get(id)?.location ?? '',
      usage: id => usage.of(id),
    };
  }

  /** @throws APPLICATION_UNKNOWN */
  async application(caller: Caller, id: string): Promise<ApiApplication> {
    const application = await ownApplication(this.#collections, caller, id);
    const services = await this.#collections.services.find({ application_id: id });
    return viewApplication(
      application,
      services.map(service => service.id),
    );
  }

  /** @returns JSON. @param owner only those of this user */
  applications(caller: Caller, query: ListQuery, owner?: string): Promise<Buffer> {
    return this.#catalogue.applications(caller, query, owner);
  }

  /** @throws SERVICE_UNKNOWN */
  async service(caller: Caller, id: string): Promise<ApiService> {
    const service = await ownService(this.#collections, caller, id);
    return viewService(service, await this.#instances(id), this.#surroundings);
  }

  /** @returns JSON */
  services(caller: Caller, query: ListQuery): Promise<Buffer> {
    return this.#catalogue.services(caller, query);
  }

  /** @returns JSON. @throws APPLICATION_UNKNOWN */
  async servicesOf(caller: Caller, applicationId: string, query: ListQuery): Promise<Buffer> {
    await ownApplication(this.#collections, caller, applicationId, 'service:read');
    return this.#catalogue.services(caller, query, applicationId);
  }

  /** @throws SERVICE_UNKNOWN, INSTANCE_UNKNOWN */
  async instance(caller: Caller, serviceId: string, number: number): Promise<ApiInstance> {
    const { service, instance } = await this.#look(caller, serviceId, number);
    if (!instance) throw unknownInstance(service, number);
    return viewInstance(instance, this.#surroundings);
  }

  /** @throws SERVICE_UNKNOWN, INSTANCE_UNKNOWN */
  async history(caller: Caller, serviceId: string, number: number): Promise<ApiHistory> {
    const { service, instance } = await this.#look(caller, serviceId, number);
    const id = `${serviceId}/${number}`;
    const moves = await (instance ? this.#histories.of(id) : this.#histories.ofGone(id));
    if (!moves) throw unknownInstance(service, number);
    return viewHistory(number, moves);
  }

  /** @throws SERVICE_UNKNOWN */
  async #look(caller: Caller, serviceId: string, number: number): Promise<Looked> {
    const service = await ownService(this.#collections, caller, serviceId, 'instance:read');
    const instance = await this.#collections.instances.get(`${serviceId}/${number}`);
    return { service, instance: instance?.desired === 'run' ? instance : null };
  }

  #instances(serviceId: string): Promise<Instance[]> {
    return this.#collections.instances.find({ service_id: serviceId, desired: 'run' });
  }
}

interface Looked {
  service: Service;
  /** null = there is none that is wanted */
  instance: Instance | null;
}

function unknownInstance({ job_name }: Service, number: number): HedgerowError {
  return new HedgerowError(ERRORS.INSTANCE_UNKNOWN, `${job_name} has no instance ${number}`);
}
