import {
  aboutInstance,
  type InstanceFields,
  type JobPayload,
  type Move,
  type StatusOf,
} from '@hedgerow/protos';
import type { Monitor } from '../health/monitor.ts';
import type { Output } from '../logs/source.ts';
import type { Observed } from '../runtimes/runtime.ts';
import type { Known } from './decide.ts';
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
  /** ended containers that made room for the next one, and have still to be removed */
  readonly aside: Set<string>;
  /** its container is being removed: who wants to read its output comes too late */
  leaving: boolean;
  /** the runtime said that its program has ended, and could not be asked about it yet */
  endHeard: boolean;
  /** it was running when the machine or the runtime went down: an end that is found now was not its own */
  takenAlong: boolean;
  /** pid that was wired by this engine */
  wiredPid: number | null;
  /** why it has to be wired again, as far as somebody said so */
  rewired: string;
  /** the container's own address, "" without one */
  address: string;
  /** checks the process that runs now; null = nobody does */
  monitor: Monitor | null;
  restarts: Restarts;
  /** container whose end has been counted: it may have to be looked at again until it is gone; "" = none */
  counted: string;
  /** cancels the waiting for the next try; null = not waiting */
  cancelWait: (() => void) | null;
  /** aborted when the desired state changes: a pull that nobody wants is not waited for */
  change: AbortController;
  report: JobPayload;
  /** read from disk by this engine, which has said nothing of it yet: what an earlier one said last is not known */
  unsaid: boolean;
  /** that the cluster has not been told, the oldest first */
  moves: readonly Move[];
  /** resolves when reports that wait for the last lines of a program have been published; null = none does */
  held: Promise<void> | null;
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
    aside: new Set(),
    leaving: false,
    endHeard: false,
    takenAlong: false,
    wiredPid: null,
    rewired: '',
    address: '',
    monitor: null,
    restarts: NO_RESTARTS,
    counted: '',
    cancelWait: null,
    change: new AbortController(),
    report,
    unsaid: false,
    moves: [],
    held: null,
  };
}

/** In every log line about the instance. */
export function about(slot: Slot): InstanceFields & { job: string } {
  const ref = { service_id: slot.report.service_id, instance_number: slot.number };
  return { ...aboutInstance({ ...ref, request_id: slot.requestId }), job: slot.jobName };
}

/** What is decided by, beside what is wanted and what is seen. */
export function knownOf({ wiredPid, monitor, report, takenAlong, seen }: Slot): Known {
  return {
    wiredPid,
    health: monitor?.state ?? 'passed',
    serves: report.status === 'RUNNING',
    takenAlong: takenAlong || seen?.endedWithRuntime === true,
  };
}

export function outputOf({ seen, leaving, desired, report }: Slot): Output {
  const continues = desired !== null && desired.ended === null;
  return { container: leaving ? null : (seen?.container ?? null), last: report.logs, continues };
}

/** Gives the slot another desired state: waiting ends, and whatever was awaited for the old one is given up. */
export function setDesired(slot: Slot, desired: Desired | null): void {
  slot.desired = desired;
  slot.restarts = NO_RESTARTS;
  slot.counted = '';
  slot.cancelWait?.();
  slot.cancelWait = null;
  slot.change.abort();
  slot.change = new AbortController();
}

/** Does a container run in this state? */
export function isLiving(status: string): boolean {
  return status === 'CREATED' || status === 'RUNNING';
}

/** What a worker may say. */
export interface Telling {
  status: StatusOf<'worker'>;
  detail: string;
  logs?: string;
  /** last lines that are still being read: it is so at once, and published when they are there */
  lines?: Promise<string>;
  /** of its container, with RUNNING; as before when left out */
  address?: string;
}

/** Only what serves has an address: an instance that does not must not be found by anybody. */
export function withStatus(report: JobPayload, telling: Telling): JobPayload {
  return {
    ...report,
    status: telling.status,
    status_detail: telling.detail,
    logs: telling.logs ?? '',
    namespace_ip: telling.status === 'RUNNING' ? (telling.address ?? report.namespace_ip) : '',
  };
}
