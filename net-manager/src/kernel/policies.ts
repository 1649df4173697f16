import { type Logger, messageOf } from '@hedgerow/common';
import type { Exec } from '../exec/exec.ts';
import { ROUTE_PROTOCOL } from '../table/names.ts';

/** Of the routing policies that earlier versions made. */
const PRIORITIES = [7247, 7248];

/**
 * Takes them away: while a network namespace has any, the kernel asks all of them twice for each packet. Never rejects: a
 * kernel without routing policies has none of ours.
 */
export async function removePolicies(exec: Exec, log: Logger): Promise<void> {
  const lines = PRIORITIES.map(priority => ({
    unlessGone: `rule del priority ${priority} protocol ${ROUTE_PROTOCOL}`,
  }));
  await exec.batch('ip', lines).catch((error: unknown) => {
    log.debug({}, `routing policies of earlier versions: ${messageOf(error)}`);
  });
}
