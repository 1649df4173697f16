/** What a user can do with services. */
import type { Sla, SlaApplication } from '@hedgerow/protos';
import type { Caller } from '../auth/caller.ts';
import type { ServiceChange } from '../sla/change.ts';
import { compileServices } from '../sla/compile.ts';
import { checkPrivileges, ownApplication, ownService } from './access.ts';
import type { Changes, ChangesDeps } from './changes.ts';
import { createPlan } from './create.ts';
import { idTaker } from './ids.ts';
import { updateService } from './update-service.ts';

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

  /** @throws as `updateService` */
  update(caller: Caller, id: string, change: ServiceChange, requestId: string): Promise<void> {
    return updateService(this.#deps, caller, id, change, requestId);
  }

  /** With its instances. @throws SERVICE_UNKNOWN */
  async remove(caller: Caller, id: string, requestId = ''): Promise<void> {
    const service = await ownService(this.#deps.collections, caller, id, 'service:delete');
    await this.#changes.remove([{ collection: 'services', id: service.id }], requestId);
  }
}
