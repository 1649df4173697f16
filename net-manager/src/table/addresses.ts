import { addIpv4 } from '@hedgerow/common';
import { INSTANCES_PER_WORKER } from '@hedgerow/protos';

/** Addresses that instances of the worker may have, in the order in which they are first given out. */
export function instanceAddresses(subnet: string): string[] {
  return Array.from({ length: INSTANCES_PER_WORKER }, (_, index) => addIpv4(subnet, index + 2));
}

/**
 * An address never used before, else the one that was given back longest ago: whoever still remembers the old
 * owner has had the most time to forget it.
 * @returns null when all are in use
 */
export function nextAddress(
  subnet: string,
  used: ReadonlySet<string>,
  freed: readonly string[],
): string | null {
  const mine = instanceAddresses(subnet);
  const fresh = mine.find(address => !used.has(address) && !freed.includes(address));
  return fresh ?? freed.find(address => !used.has(address) && mine.includes(address)) ?? null;
}
