import type { TableEntry } from '@hedgerow/protos';
import type { Endpoint, Service, WorkerAddress } from './services.ts';

/** By job name; null = the service is not in the table any more. */
export type ServiceChanges = ReadonlyMap<string, Service | null>;

/**
 * The services of the table, and which of them an address or a worker's subnet comes from: a change of one service
 * then costs what this service is, and not what all of them are.
 */
export class Directory {
  readonly #services = new Map<string, Service>();
  /** service IP or instance IP → the services that have it; a table in order has one for each */
  readonly #byIp = new Map<string, readonly Service[]>();
  /**
   * Worker subnet → where that worker is, as was said last, and how many services say where. A worker that was given up
   * may live on, and its containers ask others: the way back to it stays as long as anything is told at all.
   */
  readonly #bySubnet = new Map<string, { worker: WorkerAddress; sayers: number }>();
  /** subnets of workers that nothing of the table runs on any more */
  readonly #left = new Set<string>();
  readonly #troubled = new Map<string, readonly string[]>();

  constructor(services: Iterable<Service> = []) {
    for (const service of services) this.#add(service);
  }

  get size(): number {
    return this.#services.size;
  }

  get(jobName: string): Service | undefined {
    return this.#services.get(jobName);
  }

  jobNames(): Iterable<string> {
    return this.#services.keys();
  }

  /** What was told, as it was told. */
  entries(): TableEntry[] {
    return [...this.#services.values()].map(({ entry }) => entry);
  }

  ips(): Iterable<string> {
    return this.#byIp.keys();
  }

  subnets(): Iterable<string> {
    return this.#bySubnet.keys();
  }

  /** Who may answer for a service IP or instance IP, in the order of the instance numbers. */
  endpointsAt(ip: string): Endpoint[] {
    const services = this.#byIp.get(ip) ?? [];
    return services.flatMap(service =>
      service.ip === ip ? service.endpoints : service.endpoints.filter(endpoint => endpoint.ip === ip),
    );
  }

  leftBehind(): Iterable<string> {
    return this.#left;
  }

  isLeftBehind(subnet: string): boolean {
    return this.#left.has(subnet);
  }

  workerAt(subnet: string): WorkerAddress | undefined {
    return this.#bySubnet.get(subnet)?.worker;
  }

  /** What of the whole table cannot be used, and why. */
  problems(): string[] {
    return [...this.#troubled.values()].flat();
  }

  /** @returns what takes it back */
  apply(changes: ServiceChanges): ServiceChanges {
    const back = new Map<string, Service | null>();
    for (const [jobName, service] of changes) {
      const known = this.#services.get(jobName);
      back.set(jobName, known ?? null);
      if (known) this.#remove(known);
      if (service) this.#add(service);
    }
    this.#forgetWays();
    return back;
  }

  #add(service: Service): void {
    const { job_name } = service.entry;
    this.#services.set(job_name, service);
    for (const ip of ipsOf(service)) this.#byIp.set(ip, [...(this.#byIp.get(ip) ?? []), service]);
    for (const [subnet, worker] of workersOf(service)) {
      this.#bySubnet.set(subnet, { worker, sayers: (this.#bySubnet.get(subnet)?.sayers ?? 0) + 1 });
      this.#left.delete(subnet);
    }
    if (service.problems.length > 0) this.#troubled.set(job_name, service.problems);
  }

  #remove(service: Service): void {
    const { job_name } = service.entry;
    this.#services.delete(job_name);
    for (const ip of ipsOf(service)) {
      const others = this.#byIp.get(ip)?.filter(other => other !== service) ?? [];
      if (others.length > 0) this.#byIp.set(ip, others);
      else this.#byIp.delete(ip);
    }
    for (const subnet of workersOf(service).keys()) {
      const known = this.#bySubnet.get(subnet);
      if (!known) continue;
      this.#bySubnet.set(subnet, { ...known, sayers: known.sayers - 1 });
      if (known.sayers === 1) this.#left.add(subnet);
    }
    this.#troubled.delete(job_name);
  }

  /** To workers that have another subnet by now, and all when the table is empty. */
  #forgetWays(): void {
    if (this.#left.size === 0) return;
    const placed = new Set([...this.#bySubnet.values()].flatMap(it => (it.sayers > 0 ? [it.worker.id] : [])));
    for (const subnet of this.#left) {
      const moved = placed.has(this.workerAt(subnet)?.id ?? '');
      if (!moved && this.#services.size > 0) continue;
      this.#bySubnet.delete(subnet);
      this.#left.delete(subnet);
    }
  }
}

/** The addresses that a service has a say in. */
export function ipsOf({ ip, endpoints }: Service): Set<string> {
  const ips = new Set([ip, ...endpoints.map(endpoint => endpoint.ip)]);
  ips.delete('');
  return ips;
}

/** By subnet: where the workers are that have or will have an instance of it. */
export function workersOf({ workers }: Service): Map<string, WorkerAddress> {
  return new Map(workers.map(worker => [worker.subnet, worker]));
}
