/** What a user can do with services. */
import type { ApiService, Sla, SlaApplication } from '@hedgerow/protos';
import { type Caller, reach } from '../auth/caller.ts';
import type { Instance, Service } from '../model.ts';
import { compileServices } from '../sla/compile.ts';
import { checkPrivileges, ownApplication, ownApplications, ownService } from './access.ts';
import { idTaker } from './applications.ts';
import type { Changes, ChangesDeps } from './changes.ts';
import { createPlan } from './create.ts';
import { viewService } from './views.ts';

/** Oakestra's answer to `POST /api/service`. */
export interface ServicesCreated {
  job_id: string;
  deployed_services: { service_name: string; status: number }[];
  failed_services: { service_name: string }[];
}

export class Services {
  readonly #deps: ChangesDeps;
  readonly #changes: Changes;

  constructor(deps: ChangesDeps, changes: Changes) {
    this.#deps = deps;
    this.#changes = changes;
  }

  /** All that the caller may see. */
  async list(caller: Caller): Promise<ApiService[]> {
    const { services, instances } = this.#deps.collections;
    if (reach(caller, 'service:read') === 'all')
      return this.#views(await services.find(), await instances.find({ desired: 'run' }));
    const applications = await ownApplications(this.#deps.collections, caller, 'service:read');
    return (await Promise.all(applications.map(({ id }) => this.#ofApplication(id)))).flat();
  }

  /** @throws APPLICATION_UNKNOWN */
  async ofApplication(caller: Caller, id: string): Promise<ApiService[]> {
    const application = await ownApplication(this.#deps.collections, caller, id, 'service:read');
    return this.#ofApplication(application.id);
  }

  /** @throws SERVICE_UNKNOWN */
  async get(caller: Caller, id: string): Promise<ApiService> {
    const service = await ownService(this.#deps.collections, caller, id);
    const instances = await this.#deps.collections.instances.find({ service_id: id, desired: 'run' });
    return viewService(service, instances, await this.#locations());
  }

  /**
   * Adds the services of a checked SLA with one application to an application that is there. Its stored name
   * counts, not the SLA's.
   * @throws APPLICATION_UNKNOWN, PRIVILEGE_REFUSED, SERVICE_EXISTS, SERVICE_IP_…; then nothing was stored
   */
  async add(caller: Caller, sla: Sla): Promise<ServicesCreated> {
    const [target] = sla.applications as [SlaApplication];
    const application = await ownApplication(
      this.#deps.collections,
      caller,
      target.applicationID ?? '',
      'service:create',
    );
    checkPrivileges(caller, sla);
    const services = compileServices(
      target.microservices,
      application,
      'applications.0',
      idTaker(this.#deps),
    );
    await createPlan(this.#deps, this.#changes, { applications: [], services });
    const deployed_services = services.map(({ document }) => ({
      service_name: document.microservice.microservice_name,
      status: 200,
    }));
    return { job_id: services.at(-1)?.document.id ?? '', deployed_services, failed_services: [] };
  }

  /** With its instances. @throws SERVICE_UNKNOWN */
  async remove(caller: Caller, id: string): Promise<void> {
    const service = await ownService(this.#deps.collections, caller, id, 'service:delete');
    await this.#changes.remove([{ collection: 'services', id: service.id }]);
  }

  async #ofApplication(id: string): Promise<ApiService[]> {
    const { services, instances } = this.#deps.collections;
    return this.#views(
      await services.find({ application_id: id }),
      await instances.find({ application_id: id, desired: 'run' }),
    );
  }

  async #views(services: readonly Service[], instances: readonly Instance[]): Promise<ApiService[]> {
    const locations = await this.#locations();
    const byService = Map.groupBy(instances, instance => instance.service_id);
    return services.map(service => viewService(service, byService.get(service.id) ?? [], locations));
  }

  async #locations(): Promise<Map<string, string>> {
    const clusters = await this.#deps.collections.clusters.find();
    return new Map(clusters.map(cluster => [cluster.id, cluster.location]));
  }
}
