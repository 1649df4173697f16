import type { Collection } from '@hedgerow/common';
import type { Claim, Service } from '../model.ts';

interface Parts {
  services: Collection<Service>;
  claims: Collection<Claim>;
}

/** Finds the service behind a service IP, an instance IP or a job name: an address's claim names its owner. */
export class Lookup {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @param query "" = not asked by this @returns null when there certainly is none */
  async service(query: { service_ip: string; job_name: string }): Promise<Service | null> {
    if (query.service_ip !== '') return this.#byAddress(query.service_ip);
    if (query.job_name === '') return null;
    const [service] = await this.#parts.services.find({ job_name: query.job_name });
    return service ?? null;
  }

  async #byAddress(address: string): Promise<Service | null> {
    const claim = await this.#parts.claims.get(`address/${address}`);
    const [kind, serviceId = ''] = claim?.owner.split('/') ?? [];
    if (kind !== 'service' && kind !== 'instance') return null;
    return this.#parts.services.get(serviceId);
  }
}
