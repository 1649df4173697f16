/** What a user can do with applications. */
import type { ApiApplication, Sla } from '@hedgerow/protos';
import type { Caller } from '../auth/caller.ts';
import { compileApplications } from '../sla/compile.ts';
import { checkPrivileges, ownApplication } from './access.ts';
import type { Changes, ChangesDeps } from './changes.ts';
import { createPlan } from './create.ts';
import { idTaker } from './ids.ts';
import { type ApplicationChange, updateApplication } from './update-application.ts';
import { viewApplication } from './views.ts';

export class Applications {
  readonly #deps: ChangesDeps;
  readonly #changes: Changes;

  constructor(deps: ChangesDeps, changes: Changes) {
    this.#deps = deps;
    this.#changes = changes;
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
    const services = Map.groupBy(plan.services, ({ document }) => document.application_id);
    return stored.map(application =>
      viewApplication(
        application,
        (services.get(application.id) ?? []).map(({ document }) => document.id),
      ),
    );
  }

  /** @throws as `updateApplication` */
  update(caller: Caller, id: string, change: ApplicationChange, requestId: string): Promise<void> {
    const deps = { ...this.#deps, changes: this.#changes };
    return updateApplication(deps, caller, id, change, requestId);
  }

  /** With its services and their instances. @throws APPLICATION_UNKNOWN */
  async remove(caller: Caller, id: string, requestId = ''): Promise<void> {
    const application = await ownApplication(this.#deps.collections, caller, id, 'application:delete');
    const services = await this.#deps.collections.services.find({ application_id: application.id });
    const targets = services.map(service => ({ collection: 'services', id: service.id }));
    await this.#changes.remove([...targets, { collection: 'applications', id: application.id }], requestId);
  }
}
