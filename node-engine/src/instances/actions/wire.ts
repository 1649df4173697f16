import { HedgerowError } from '@hedgerow/common';
import { aboutInstance, type DeployPayload } from '@hedgerow/protos';
import { ERRORS } from '../../errors.ts';
import type { Context } from '../context.ts';
import type { Slot } from '../slot.ts';

/**
 * Attaches the network and lets the program go. Doing it again to the same process changes nothing.
 * @returns the container's own address, "" without an overlay
 */
export async function wire(
  context: Context,
  deploy: DeployPayload,
  name: string,
  pid: number,
): Promise<string> {
  if (!context.overlay) return '';
  if (pid === 0) {
    throw new HedgerowError(ERRORS.RUNTIME_FAILED, 'the container ended before its network was there');
  }
  const request = {
    pid,
    serviceName: deploy.job_name,
    instanceNumber: deploy.instance_number,
    portMappings: deploy.port,
  };
  const attached = await context.overlay.gateway.attach(request, aboutInstance(deploy));
  context.overlay.holds.release(name);
  return attached.nsAddress;
}

/** Notes that the program runs, and tells. */
export function running(
  context: Context,
  slot: Slot,
  made: {
    deploy: DeployPayload;
    container: string;
    name: string;
    pid: number;
    address: string;
    detail: string;
  },
): void {
  const { deploy, container, name, pid } = made;
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
  slot.wiredPid = pid;
  slot.restarts = { ...slot.restarts, runningSince: context.clock.monotonic() };
  slot.report = { ...slot.report, namespace_ip: made.address };
  context.tell(slot, { status: 'RUNNING', detail: made.detail });
}
