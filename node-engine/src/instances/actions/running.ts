import { Monitor } from '../../health/monitor.ts';
import type { Observed } from '../../runtimes/runtime.ts';
import type { Context } from '../context.ts';
import { type Desired, processOf } from '../desired.ts';
import type { Slot } from '../slot.ts';

export interface Made {
  container: string;
  name: string;
  pid: number;
  address: string;
  /** ms that it has run already, if that is known */
  age?: number | undefined;
}

/** Notes that the program runs. It serves at once when nothing is to be checked, or when it has passed before. */
export function running(context: Context, slot: Slot, { deploy, passed }: Desired, made: Made): void {
  const { container, name, pid, address } = made;
  slot.seen = {
    container,
    name,
    pid,
    service_id: deploy.service_id,
    job_name: deploy.job_name,
    instance_number: deploy.instance_number,
    generation: deploy.generation,
    epoch: deploy.epoch,
    state: 'running',
    exitCode: 0,
    outOfMemory: false,
  };
  slot.stale ||= pid === 0;
  slot.restarts = { ...slot.restarts, steps: 0 };
  slot.wiredPid = pid;
  slot.takenAlong = false;
  slot.counted = '';
  slot.address = address;
  slot.monitor?.stop();
  slot.monitor = monitorOf(context, slot, { deploy, passed }, made);
  if (slot.monitor?.state === 'waiting') tellWaiting(context, slot);
  else serve(context, slot, made.age);
}

/** From here on it is in the service IP. @param age ms that it has served already */
function serve(context: Context, slot: Slot, age = 0): void {
  if (slot.report.status !== 'RUNNING' || slot.restarts.runningSince === null)
    slot.restarts = { ...slot.restarts, runningSince: context.clock.monotonic() - age };
  context.tell(slot, { status: 'RUNNING', detail: detailOf(slot), address: slot.address });
}

function detailOf({ address, rewired, report }: Slot): string {
  const { namespace_ip: before } = report;
  if (before === '' || before === address) return 'running';
  const now = `running; its address is ${address} now, it was ${before}`;
  return rewired === '' ? now : `${now}: ${rewired}`;
}

/** It has passed its health check for the first time. Noted on disk, so that an engine that restarts leaves it in. */
export async function servePassed(
  context: Context,
  slot: Slot,
  desired: Desired,
  seen: Observed,
): Promise<void> {
  serve(context, slot);
  if (!slot.monitor) return;
  const passed = processOf(seen);
  if (slot.desired === desired) slot.desired = { ...desired, passed };
  await context.desired.pass(desired.deploy, passed);
}

function monitorOf(
  context: Context,
  slot: Slot,
  { deploy, passed }: Pick<Desired, 'deploy' | 'passed'>,
  { container, pid, address }: Made,
): Monitor | null {
  const check = deploy.health_check;
  if (!check) return null;
  return new Monitor(context, {
    check,
    target: { container, address },
    passed: passed === processOf({ container, pid }),
    changed: () => context.again(slot),
  });
}

/** RUNNING does not become CREATED: a process that somebody started by hand begins with CREATING. */
function tellWaiting(context: Context, slot: Slot): void {
  if (slot.report.status === 'RUNNING')
    context.tell(slot, { status: 'CREATING', detail: 'another process runs in its container' });
  context.tell(slot, { status: 'CREATED', detail: 'waiting for its health check to pass' });
}
