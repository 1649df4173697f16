/** Names and hardware addresses that follow from what they stand for, so that nothing has to be exchanged. */
import { createHash } from 'node:crypto';
import { addIpv4, parseIpv4 } from '@hedgerow/common';

/** VXLAN device; it also carries the gateway address. */
export const TUNNEL = 'hedgerow';
const LINK_PREFIX = 'hv';
export const NFT_TABLE = 'hedgerow';
/** Marks our routes in the kernel (`ip route show proto 72`); 72 is free in iproute2's rt_protos. */
export const ROUTE_PROTOCOL = 72;
export const VXLAN_ID = 7247;

/** Host end of an instance's link: 14 characters, the kernel allows 15. */
export function linkName(serviceName: string, instanceNumber: number): string {
  return LINK_PREFIX + hash(`${serviceName}/${instanceNumber}`).slice(0, 12);
}

export function isLinkName(name: string): boolean {
  return /^hv[0-9a-f]{12}$/.test(name);
}

/** Of a container end or a gateway: locally administered, then the four bytes of the address. */
export function macOfAddress(address: string): string {
  const number = parseIpv4(address) ?? 0;
  return `02:48:${bytes(number.toString(16).padStart(8, '0'))}`;
}

/**
 * Of a host end. It tells which network namespace the other end is in, so that a link which leads into an earlier
 * container of the same instance is recognised as stale.
 */
export function macOfSandbox(sandbox: string): string {
  return `02:${bytes(hash(sandbox).slice(0, 10))}`;
}

export function gatewayOf(subnet: string): string {
  return addIpv4(subnet, 1);
}

export function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function bytes(hex: string): string {
  return hex.match(/../g)?.join(':') ?? '';
}
