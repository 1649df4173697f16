/** What a user can do with applications. */
import { newId } from '@hedgerow/common';
import type { ApiApplication, Sla } from '@hedgerow/protos';
import type { Caller } from '../auth/caller.ts';
import type { Application } from '../model.ts';
import { compileApplications } from '../sla/compile.ts';
import { applicationFilter, checkPrivileges, ownApplication, ownApplications } from './access.ts';
import type { Changes, ChangesDeps } from './changes.ts';
import { createPlan } from './create.ts';
import { viewApplication } from './views.ts';

export class Applications {
  readonly #deps: ChangesDeps;
  readonly #changes: Changes;

  constructor(deps: ChangesDeps, changes: Changes) {
    this.#deps = deps;
    this.#changes = changes;
  }

  /** All that the caller may see. */
  async list(caller: Caller): Promise<ApiApplication[]> {
    return this.#views(await ownApplications(this.#deps.collections, caller));
  }

  /** Those of one user that the caller may see. */
  async ofOwner(caller: Caller, name: string): Promise<ApiApplication[]> {
    const filter = applicationFilter(caller, 'application:read');
    if (filter === null || (filter.owner ?? name) !== name) return [];
    return this.#views(await this.#deps.collections.applications.find({ ...filter, owner: name }));
  }

  /** @throws APPLICATION_UNKNOWN */
  async get(caller: Caller, id: string): Promise<ApiApplication> {
    return this.#view(await ownApplication(this.#deps.collections, caller, id));
  }

  /**
   * @param sla checked
   * @returns the applications that were made
   * @throws PRIVILEGE_REFUSED, APPLICATION_EXISTS, SERVICE_EXISTS, SERVICE_IP_…; then nothing was stored
   */
  async create(caller: Caller, sla: Sla): Promise<ApiApplication[]> {
    checkPrivileges(caller, sla);
    const plan = compileApplications(sla.applications, caller, idTaker(this.#deps));
    const stored = await createPlan(this.#deps, this.#changes, plan);
    return this.#views(stored);
  }

  /** With its services and their instances. @throws APPLICATION_UNKNOWN */
  async remove(caller: Caller, id: string): Promise<void> {
    const application = await ownApplication(this.#deps.collections, caller, id, 'application:delete');
    const services = await this.#deps.collections.services.find({ application_id: application.id });
    await this.#changes.remove([
      ...services.map(service => ({ collection: 'services', id: service.id })),
      { collection: 'applications', id: application.id },
    ]);
  }

  #views(applications: readonly Application[]): Promise<ApiApplication[]> {
    return Promise.all(applications.map(application => this.#view(application)));
  }

  async #view(application: Application): Promise<ApiApplication> {
    const services = await this.#deps.collections.services.find({ application_id: application.id });
    return viewApplication(
      application,
      services.map(service => service.id),
    );
  }
}

/** Ids in ascending order. */
export function idTaker(deps: Pick<ChangesDeps, 'clock'>): (count: number) => string[] {
  return count => Array.from({ length: count }, () => newId(deps.clock.now())).sort();
}
