import { HedgerowError } from '@hedgerow/common';
import type { ApiService } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import type { Client } from './client.ts';
import type { FeedItem } from './events.ts';
import { reasonsOf } from './late.ts';

/** What is known of an instance while one waits. */
export interface InstanceState {
  job_name: string;
  instance_number: number;
  status: string;
  status_detail: string;
}

export interface WaitOptions {
  timeoutMs: number;
  /** each time that an instance is heard of */
  onChange?: (instance: InstanceState) => void;
}

/** Started, or ended as it should. */
const DONE = new Set(['RUNNING', 'COMPLETED']);

/**
 * Waits until every instance of these services has started. It listens to the root's events.
 * @returns the services as they are then
 * @throws TIMEOUT with what each one that is not there yet is waiting for; START_FAILED when none of these will ever start
 */
export async function untilRunning(
  client: Client,
  serviceIds: readonly string[],
  options: WaitOptions,
): Promise<ApiService[]> {
  const waiting = new Waiting(client, serviceIds, options.onChange);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), options.timeoutMs);
  const [only] = serviceIds;
  const filter = { kind: 'instance', ...(serviceIds.length === 1 && only ? { service: only } : {}) };
  try {
    for await (const item of client.events(filter, stop.signal)) {
      if (await waiting.isOver(item)) return await waiting.services();
    }
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
  throw tooLate(await waiting.pending(), options.timeoutMs);
}

class Waiting {
  readonly #client: Client;
  readonly #ids: readonly string[];
  readonly #onChange: (instance: InstanceState) => void;
  /** by service id and number */
  readonly #states = new Map<string, InstanceState>();

  constructor(client: Client, ids: readonly string[], onChange: WaitOptions['onChange']) {
    this.#client = client;
    this.#ids = ids;
    this.#onChange = onChange ?? (() => {});
  }

  services(): Promise<ApiService[]> {
    return Promise.all(this.#ids.map(id => this.#client.service(id)));
  }

  async isOver(item: FeedItem): Promise<boolean> {
    if (item.type !== 'event') await this.#read();
    else if (!this.#hear(item.event)) return false;
    const late = this.#late();
    if (late.length > 0 && late.every(({ status }) => status === 'DEAD')) throw dead(late);
    return late.length === 0;
  }

  /** Why those that are not there yet are not, as it is now. */
  async pending(): Promise<string[]> {
    await this.#read();
    return reasonsOf(this.#late());
  }

  #late(): InstanceState[] {
    return [...this.#states.values()].filter(({ status }) => !DONE.has(status));
  }

  async #read(): Promise<void> {
    const services = await this.services();
    this.#states.clear();
    for (const { microserviceID, job_name, instance_list } of services) {
      for (const instance of instance_list) this.#set(microserviceID, { ...instance, job_name });
    }
  }

  #hear(event: Extract<FeedItem, { type: 'event' }>['event']): boolean {
    const { service_id, instance_number, change } = event;
    if (instance_number === undefined || !this.#ids.includes(service_id)) return false;
    const isGone = change === 'leaving' || change === 'removed';
    if (isGone) this.#states.delete(`${service_id}/${instance_number}`);
    else this.#set(service_id, { ...event, instance_number });
    return true;
  }

  #set(serviceId: string, instance: InstanceState): void {
    this.#states.set(`${serviceId}/${instance.instance_number}`, instance);
    this.#onChange(instance);
  }
}

/** Of one that is FAILED its worker tries again; one that is DEAD stays so. */
function dead(late: readonly InstanceState[]): HedgerowError {
  return new HedgerowError(ERRORS.START_FAILED, `not started again: ${reasonsOf(late).join('; ')}`);
}

function tooLate(waiting: readonly string[], ms: number): HedgerowError {
  return new HedgerowError(ERRORS.TIMEOUT, `not running after ${ms / 1000} s: ${waiting.join('; ')}`);
}
