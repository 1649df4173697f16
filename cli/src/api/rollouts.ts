import { HedgerowError } from '@hedgerow/common';
import type { ApiEvent, ApiService } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import type { Client } from './client.ts';
import type { InstanceState } from './instances.ts';

export interface FollowOptions {
  timeoutMs: number;
  onChange: (instance: InstanceState) => void;
  /** how far the update is */
  onProgress: (state: string, detail: string) => void;
}

/**
 * Waits for the end of the update of a service.
 * @returns the service, every instance of it replaced
 * @throws UPDATE_UNDONE with the reason, TIMEOUT
 */
export async function untilUpdated(
  client: Client,
  service: ApiService,
  options: FollowOptions,
): Promise<ApiService> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), options.timeoutMs);
  const id = service.microserviceID;
  try {
    for await (const item of client.events({ service: id }, stop.signal)) {
      const event = item.type === 'event' ? item.event : null;
      if (event?.kind === 'instance') {
        tell(service, event, options);
        continue;
      }
      const now = await client.service(id);
      const { state = 'done', detail = '' } = now.rollout ?? {};
      options.onProgress(state, detail);
      if (hasEnded(service, now)) return now;
    }
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
  const { rollout } = await client.service(id);
  const seconds = options.timeoutMs / 1000;
  throw new HedgerowError(ERRORS.TIMEOUT, `the update is not through after ${seconds} s: ${rollout?.detail}`);
}

/** The event of one that is gone has its last status, and no name when its service is gone as well. */
function tell({ job_name }: ApiService, event: ApiEvent, { onChange }: FollowOptions): void {
  const { instance_number = 0, change, status, status_detail } = event;
  if (change === 'leaving') return;
  const state = change === 'removed' ? { status: 'removed', status_detail: '' } : { status, status_detail };
  onChange({ job_name, instance_number, ...state });
}

/** @throws UPDATE_UNDONE */
function hasEnded({ generation }: ApiService, { rollout, job_name }: ApiService): boolean {
  if (!rollout || rollout.state === 'rolling' || rollout.state === 'undoing') return false;
  if (rollout.state === 'done') return rollout.to_generation >= generation;
  const what = rollout.state === 'undone' ? 'was undone' : 'failed, and so did its undoing';
  throw new HedgerowError(ERRORS.UPDATE_UNDONE, `the update of ${job_name} ${what}: ${rollout.detail}`);
}
