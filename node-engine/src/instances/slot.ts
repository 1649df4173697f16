import { aboutInstance, type InstanceFields, type JobPayload, type Status } from '@hedgerow/protos';
import type { Output } from '../logs/source.ts';
import type { Observed } from '../runtimes/runtime.ts';
import type { Desired } from './desired.ts';
import { NO_RESTARTS, type Restarts } from './restart.ts';

/** Everything that the engine knows of one instance. Only its own serial queue changes what the container is. */
export interface Slot {
  readonly key: string;
  readonly jobName: string;
  readonly number: number;
  /** of the last order about it; in every log line */
  requestId: string;
  /** null = to be removed */
  desired: Desired | null;
  seen: Observed | null;
  /** `seen` may be wrong: ask the runtime before acting on it */
  stale: boolean;
  /** pid that was wired by this engine */
  wiredPid: number | null;
  restarts: Restarts;
  /** cancels the waiting for the next try; null = not waiting */
  cancelWait: (() => void) | null;
  /** aborted when the desired state changes: a pull that nobody wants is not waited for */
  change: AbortController;
  report: JobPayload;
}

export function newSlot(report: JobPayload): Slot {
  return {
    key: `${report.sname}/${report.instance}`,
    jobName: report.sname,
    number: report.instance,
    requestId: '',
    desired: null,
    seen: null,
    stale: true,
    wiredPid: null,
    restarts: NO_RESTARTS,
    cancelWait: null,
    change: new AbortController(),
    report,
  };
}

/** In every log line about the instance. */
export function about(slot: Slot): InstanceFields & { job: string } {
  const ref = { service_id: slot.report.service_id, instance_number: slot.number };
  return { ...aboutInstance({ ...ref, request_id: slot.requestId }), job: slot.jobName };
}

export function outputOf({ seen, desired, report }: Slot): Output {
  const continues = desired !== null && !desired.completed;
  return { container: seen?.container ?? null, last: report.logs, continues };
}

/** Gives the slot another desired state: waiting ends, and whatever was awaited for the old one is given up. */
export function setDesired(slot: Slot, desired: Desired | null): void {
  slot.desired = desired;
  slot.restarts = NO_RESTARTS;
  slot.cancelWait?.();
  slot.cancelWait = null;
  slot.change.abort();
  slot.change = new AbortController();
}

export interface Telling {
  status: Status;
  detail: string;
  logs?: string;
}

/** Only what runs has an address: an instance that does not must not be found by anybody. */
export function withStatus(report: JobPayload, telling: Telling): JobPayload {
  return {
    ...report,
    status: telling.status,
    status_detail: telling.detail,
    logs: telling.logs ?? '',
    namespace_ip: telling.status === 'RUNNING' ? report.namespace_ip : '',
  };
}
