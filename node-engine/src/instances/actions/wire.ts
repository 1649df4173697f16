import { HedgerowError } from '@hedgerow/common';
import { aboutInstance, type DeployPayload } from '@hedgerow/protos';
import { ERRORS } from '../../errors.ts';
import type { Context } from '../context.ts';

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
