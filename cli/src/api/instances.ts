import { setTimeout as delay } from 'node:timers/promises';
import { HedgerowError } from '@hedgerow/common';
import type { ApiInstance, ApiService } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import type { Client } from './client.ts';

export interface WaitOptions {
  timeoutMs: number;
  /** what a person asked for, when `timeoutMs` is what remains of it: the error says this one */
  askedMs?: number;
  /** ms between two looks */
  every?: number;
  /** each time that an instance is looked at */
  onLook?: (service: ApiService, instance: ApiInstance) => void;
}

/** Started, or ended as it should. */
const DONE = new Set(['RUNNING', 'COMPLETED']);

/**
 * Waits until these services have as many started instances as they have instances.
 * @throws TIMEOUT with what each one that is not there yet is waiting for
 */
export async function untilRunning(
  client: Client,
  serviceIds: readonly string[],
  options: WaitOptions,
): Promise<ApiService[]> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    const services = await Promise.all(serviceIds.map(id => client.service(id)));
    for (const service of services) {
      for (const instance of service.instance_list) options.onLook?.(service, instance);
    }
    const waiting = services.flatMap(service => pending(service));
    if (waiting.length === 0) return services;
    if (performance.now() > deadline) throw tooLate(waiting, options.askedMs ?? options.timeoutMs);
    await delay(options.every ?? 100);
  }
}

function pending(service: ApiService): string[] {
  return service.instance_list
    .filter(({ status }) => !DONE.has(status))
    .map(
      ({ instance_number, status, status_detail }) =>
        `${service.job_name}/${instance_number} is ${status}${status_detail ? `: ${status_detail}` : ''}`,
    );
}

function tooLate(waiting: readonly string[], ms: number): HedgerowError {
  return new HedgerowError(ERRORS.TIMEOUT, `not running after ${ms / 1000} s: ${waiting.join('; ')}`);
}
