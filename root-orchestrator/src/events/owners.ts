import type { Mirrors } from '../mirrors/mirrors.ts';
import type { Application, Instance, Service } from '../model.ts';
import type { Whose } from './ring.ts';

/** Whose the things of an application are, also while its last instances are still leaving. */
export class Owners {
  readonly #mirrors: Mirrors;
  /** application id → owner, of those that were removed and have services or instances left */
  readonly #former = new Map<string, Whose>();
  /** application id → how many services and instances there are */
  readonly #left = new Map<string, number>();

  constructor(mirrors: Mirrors) {
    this.#mirrors = mirrors;
    for (const mirror of [mirrors.services, mirrors.instances]) {
      for (const { application_id } of mirror.all()) this.#count(application_id, 1);
    }
  }

  of(applicationId: string): Whose {
    const application = this.#mirrors.applications.get(applicationId);
    return application ? whose(application) : (this.#former.get(applicationId) ?? null);
  }

  application(before: Application | null, after: Application | null): void {
    if (before && !after && this.#left.has(before.id)) this.#former.set(before.id, whose(before));
  }

  /** Call it with every change of a service or an instance, after the event about it. */
  part(before: Service | Instance | null, after: Service | Instance | null): void {
    if (!before && after) this.#count(after.application_id, 1);
    if (before && !after) this.#count(before.application_id, -1);
  }

  #count(applicationId: string, change: number): void {
    const left = (this.#left.get(applicationId) ?? 0) + change;
    if (left > 0) this.#left.set(applicationId, left);
    else {
      this.#left.delete(applicationId);
      this.#former.delete(applicationId);
    }
  }
}

function whose({ owner, organization_id }: Application): Whose {
  return { owner, organization_id };
}
