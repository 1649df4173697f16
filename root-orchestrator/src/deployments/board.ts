import type { Instance } from '../model.ts';
import { isRefusal } from './moves.ts';

interface Load {
  readonly ids: Set<string>;
  readonly services: Map<string, number>;
  readonly applications: Map<string, number>;
}

/** All instances in memory, found by cluster and by service without a scan. The store is the truth, this its copy. */
export class Board {
  /** Wanted, and on no cluster: to be scheduled. */
  readonly waiting = new Set<string>();
  /** Tied to a cluster whose answer is not known. */
  readonly asked = new Set<string>();
  /** Wanted, and on a cluster that has no worker for it any more. */
  readonly stranded = new Set<string>();
  /** To be removed, and not confirmed by their cluster yet. */
  readonly leaving = new Set<string>();
  readonly #instances = new Map<string, Instance>();
  readonly #services = new Map<string, Set<string>>();
  readonly #loads = new Map<string, Load>();

  all(): Iterable<Instance> {
    return this.#instances.values();
  }

  get(id: string): Instance | undefined {
    return this.#instances.get(id);
  }

  put(instance: Instance): void {
    this.#uncount(instance.id);
    this.#instances.set(instance.id, instance);
    setOf(this.#services, instance.service_id).add(instance.id);
    this.#count(instance);
    toggle(this.leaving, instance.id, instance.desired === 'gone');
    const wanted = instance.desired === 'run';
    toggle(this.waiting, instance.id, wanted && instance.cluster_id === '');
    toggle(this.asked, instance.id, wanted && isUnanswered(instance));
    toggle(this.stranded, instance.id, wanted && isStranded(instance));
  }

  drop(id: string): void {
    const instance = this.#instances.get(id);
    this.waiting.delete(id);
    this.asked.delete(id);
    this.stranded.delete(id);
    this.leaving.delete(id);
    if (!instance) return;
    this.#uncount(id);
    this.#instances.delete(id);
    const siblings = this.#services.get(instance.service_id);
    siblings?.delete(id);
    if (siblings?.size === 0) this.#services.delete(instance.service_id);
  }

  ofService(serviceId: string): Instance[] {
    return this.#all(this.#services.get(serviceId));
  }

  ofCluster(clusterId: string): Instance[] {
    return this.#all(this.#loads.get(clusterId)?.ids);
  }

  /** Clusters that have instances. */
  clusterIds(): string[] {
    return [...this.#loads].filter(([, { ids }]) => ids.size > 0).map(([id]) => id);
  }

  /** Does the cluster have an instance of the application, in whatever state? */
  hosts(clusterId: string, applicationId: string): boolean {
    return this.#loads.get(clusterId)?.applications.has(applicationId) ?? false;
  }

  applicationsOn(clusterId: string): string[] {
    return [...(this.#loads.get(clusterId)?.applications.keys() ?? [])];
  }

  /** @returns how many instances a cluster has, of one service and in all */
  countOn(clusterId: string, serviceId: string): { ofService: number; all: number } {
    const load = this.#loads.get(clusterId);
    return { ofService: load?.services.get(serviceId) ?? 0, all: load?.ids.size ?? 0 };
  }

  #all(ids: Iterable<string> = []): Instance[] {
    return [...ids].flatMap(id => this.#instances.get(id) ?? []);
  }

  #count(instance: Instance): void {
    if (instance.cluster_id === '') return;
    const load = this.#loads.get(instance.cluster_id) ?? emptyLoad();
    this.#loads.set(instance.cluster_id, load);
    load.ids.add(instance.id);
    add(load.services, instance.service_id, 1);
    add(load.applications, instance.application_id, 1);
  }

  #uncount(id: string): void {
    const instance = this.#instances.get(id);
    const load = instance && this.#loads.get(instance.cluster_id);
    if (!load) return;
    load.ids.delete(id);
    add(load.services, instance.service_id, -1);
    add(load.applications, instance.application_id, -1);
  }
}

/** Its cluster accepted it, lost the worker, and has found no other one. */
export function isStranded(instance: Instance): boolean {
  return instance.cluster_id !== '' && isRefusal(instance.status);
}

/** Its cluster was asked, and has neither accepted nor refused. */
export function isUnanswered(instance: Instance): boolean {
  return instance.cluster_id !== '' && instance.status === 'CLUSTER_SCHEDULED';
}

function emptyLoad(): Load {
  return { ids: new Set(), services: new Map(), applications: new Map() };
}

function add(counts: Map<string, number>, key: string, change: number): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

function setOf(sets: Map<string, Set<string>>, key: string): Set<string> {
  const known = sets.get(key) ?? new Set();
  sets.set(key, known);
  return known;
}

function toggle(set: Set<string>, id: string, member: boolean): void {
  if (member) set.add(id);
  else set.delete(id);
}
