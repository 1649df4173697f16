import { addIpv4, parseIpv4 } from '@hedgerow/common';
import {
  FIRST_WORKER_SUBNET,
  INSTANCES_PER_WORKER,
  LAST_WORKER_SUBNET,
  WORKER_SUBNET_BITS,
} from '@hedgerow/protos';

const [FIRST, LAST] = [parseIpv4(FIRST_WORKER_SUBNET) ?? 0, parseIpv4(LAST_WORKER_SUBNET) ?? 0];

/** Is it the first address of a subnet that a worker may have? */
export function isWorkerSubnet(text: string): boolean {
  const found = parseIpv4(text);
  return found !== null && found % 2 ** (32 - WORKER_SUBNET_BITS) === 0 && found >= FIRST && found <= LAST;
}

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
