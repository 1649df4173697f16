/**
 * What the lists show, in memory and as JSON already: a list costs no look into the store and renders only what has
 * changed since it was last asked for. `Mirrors` keeps it right.
 */
import type { Caller } from '../auth/caller.ts';
import type { Operation } from '../auth/matrix.ts';
import { Groups } from '../mirrors/groups.ts';
import type { Mirrors } from '../mirrors/mirrors.ts';
import type { Application, Instance, Service } from '../model.ts';
import { applicationFilter, mayUse } from './access.ts';
import { serviceStatus } from './status.ts';
import { viewApplication, viewService } from './views.ts';

/** Part of a list; without any of these all of it. Names are compared whole. */
export interface ListQuery {
  after?: string;
  limit?: number;
  name?: string;
  namespace?: string;
  /** of services only */
  status?: string;
}

/** Whole lists that are kept as bytes; the one that was made first goes first. */
const MOST_KEPT = 8;

export class Catalogue {
  readonly #mirrors: Mirrors;
  readonly #services: Groups<Service>;
  readonly #instances: Groups<Instance>;
  /** service id → its JSON */
  readonly #json = new Map<string, string>();
  readonly #kept = new Map<string, Buffer>();

  /** @param mirrors started */
  constructor(mirrors: Mirrors) {
    this.#mirrors = mirrors;
    this.#services = new Groups(mirrors.services, service => service.application_id);
    this.#instances = new Groups(mirrors.instances, ({ desired, service_id }) =>
      desired === 'run' ? service_id : null,
    );
    mirrors.applications.listen(() => this.#kept.clear());
    mirrors.services.listen((before, after) => this.#forget((after ?? before)?.id ?? ''));
    mirrors.instances.listen((before, after) => this.#forget((after ?? before)?.service_id ?? ''));
    mirrors.clusters.listen((before, after) => {
      if (before?.location !== after?.location) this.#forgetAll();
    });
  }

  /** JSON of the applications that the caller may see, in order of id. @param owner only those of this user */
  async applications(caller: Caller, query: ListQuery, owner?: string): Promise<Buffer> {
    await this.#mirrors.current();
    const key = keyOf('applications', caller, 'application:read', owner ?? '');
    return this.#keep(key, query, () => {
      const seen = this.#seenApplications(caller, 'application:read').filter(
        application => owner === undefined || application.owner === owner,
      );
      const named = seen.filter(({ application_name, application_namespace }) =>
        isNamed(query, application_name, application_namespace),
      );
      return paged(named, query).map(application =>
        JSON.stringify(viewApplication(application, this.#services.of(application.id))),
      );
    });
  }

  /** JSON of the services that the caller may see, in order of id. @param applicationId only those of this one */
  async services(caller: Caller, query: ListQuery, applicationId?: string): Promise<Buffer> {
    await this.#mirrors.current();
    const key = keyOf('services', caller, 'service:read', applicationId ?? '');
    return this.#keep(key, query, () => {
      const seen = this.#seenApplications(caller, 'service:read');
      const chosen = seen.filter(({ id }) => applicationId === undefined || id === applicationId);
      const services = chosen.flatMap(({ id }) => this.#servicesOf(id)).sort(byId);
      return paged(
        services.filter(service => this.#matches(service, query)),
        query,
      ).map(service => this.#jsonOf(service));
    });
  }

  #seenApplications(caller: Caller, operation: Operation): Application[] {
    const all = [...this.#mirrors.applications.all()];
    return all.filter(application => mayUse(caller, application, operation)).sort(byId);
  }

  #servicesOf(applicationId: string): Service[] {
    return this.#services.of(applicationId).flatMap(id => this.#mirrors.services.get(id) ?? []);
  }

  #instancesOf(serviceId: string): Instance[] {
    return this.#instances.of(serviceId).flatMap(id => this.#mirrors.instances.get(id) ?? []);
  }

  #matches(service: Service, query: ListQuery): boolean {
    const { microservice_name, microservice_namespace } = service.microservice;
    if (!isNamed(query, microservice_name, microservice_namespace)) return false;
    if (query.status === undefined) return true;
    const { status = '' } = serviceStatus(this.#instancesOf(service.id), service.next_instance_number > 0);
    return status === query.status;
  }

  #jsonOf(service: Service): string {
    const known = this.#json.get(service.id);
    if (known !== undefined) return known;
    const location = (id: string) => this.#mirrors.clusters.get(id)?.location ?? '';
    const json = JSON.stringify(viewService(service, this.#instancesOf(service.id), { location }));
    this.#json.set(service.id, json);
    return json;
  }

  /** Only whole lists are kept: there are few of them, and they are what old clients ask for again and again. */
  #keep(key: string, query: ListQuery, render: () => string[]): Buffer {
    const whole = Object.values(query).every(value => value === undefined);
    const known = whole ? this.#kept.get(key) : undefined;
    if (known) return known;
    const bytes = Buffer.from(`[${render().join(',')}]`);
    if (!whole) return bytes;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= MOST_KEPT) this.#kept.delete(oldest);
    this.#kept.set(key, bytes);
    return bytes;
  }

  #forget(serviceId: string): void {
    this.#json.delete(serviceId);
    this.#kept.clear();
  }

  #forgetAll(): void {
    this.#json.clear();
    this.#kept.clear();
  }
}

/** Callers who reach the same see the same list. */
function keyOf(what: string, caller: Caller, operation: Operation, of: string): string {
  return JSON.stringify([what, applicationFilter(caller, operation), of]);
}

function isNamed({ name, namespace }: ListQuery, ownName: string, ownNamespace: string): boolean {
  return (name ?? ownName) === ownName && (namespace ?? ownNamespace) === ownNamespace;
}

function paged<T extends { id: string }>(all: readonly T[], { after, limit }: ListQuery): readonly T[] {
  const rest = after === undefined ? all : all.filter(({ id }) => id > after);
  return limit === undefined ? rest : rest.slice(0, limit);
}

function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : 1;
}
