import { type Logger, messageOf } from '@hedgerow/common';
import type { Exec } from '../exec.ts';
import type { Difference } from '../table/difference.ts';

/**
 * Connection tracking keeps a flow on the container that it was first sent to. UDP has no end, so such a flow would
 * follow a container that has gone for ever; TCP is told by a reset at its next packet.
 */
export function forgetLines(plan: Pick<Difference, 'parted' | 'left'>): string[] {
  return [
    ...plan.parted.map(([ip, address]) => `-D -d ${ip} -r ${address}`),
    ...plan.left.flatMap(address => [`-D -s ${address}`, `-D -r ${address}`]),
  ];
}

/** Without the tool traffic still flows, so a failure is told and not thrown. */
export async function forgetFlows(
  exec: Exec,
  log: Logger,
  plan: Pick<Difference, 'parted' | 'left'>,
): Promise<void> {
  try {
    await exec.batch('conntrack', forgetLines(plan));
  } catch (error) {
    log.warn({ reason: messageOf(error) }, 'flows to containers that have gone could not be dropped');
  }
}
