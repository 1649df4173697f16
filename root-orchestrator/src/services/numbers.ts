import { type Collection, update } from '@hedgerow/common';
import type { Service } from '../model.ts';
import { unknownService } from './access.ts';

export interface Taken {
  /** as it was stored when the number was taken */
  service: Service;
  number: number;
}

type Wish = PromiseWithResolvers<Taken>;

/**
 * Numbers of instances; none is ever given twice. Those that are wished for while a write is under way are taken together by
 * the next one: else a burst would have to write the service once for each, and all but one of each turn in vain.
 */
export class Numbers {
  readonly #services: Collection<Service>;
  /** by service, those that wait for a write that is under way */
  readonly #waiting = new Map<string, Wish[]>();

  constructor(services: Collection<Service>) {
    this.#services = services;
  }

  /** @throws SERVICE_UNKNOWN */
  take(serviceId: string): Promise<Taken> {
    const wish = Promise.withResolvers<Taken>();
    const waiting = this.#waiting.get(serviceId);
    if (waiting) waiting.push(wish);
    else {
      this.#waiting.set(serviceId, []);
      void this.#takeAll(serviceId, [wish]);
    }
    return wish.promise;
  }

  async #takeAll(serviceId: string, first: readonly Wish[]): Promise<void> {
    for (let wishes = first; wishes.length > 0; wishes = this.#waiting.get(serviceId) ?? []) {
      if (wishes !== first) this.#waiting.set(serviceId, []);
      await this.#write(serviceId, wishes).catch((error: unknown) => {
        for (const { reject } of wishes) reject(error);
      });
    }
    this.#waiting.delete(serviceId);
  }

  async #write(serviceId: string, wishes: readonly Wish[]): Promise<void> {
    const service = await update(this.#services, serviceId, current => ({
      ...current,
      next_instance_number: current.next_instance_number + wishes.length,
    }));
    if (!service) throw unknownService(serviceId);
    const begin = service.next_instance_number - wishes.length;
    for (const [at, { resolve }] of wishes.entries()) resolve({ service, number: begin + at });
  }
}
