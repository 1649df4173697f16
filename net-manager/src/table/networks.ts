/** The machine's own networks in the overlay's range: what its containers may reach there besides each other. */
import { inPrefix } from '@hedgerow/common';
import { OVERLAY_PREFIX } from '@hedgerow/protos';
import { isLinkName, ROUTE_PROTOCOL, TUNNEL } from './names.ts';

/** The nftables set that holds them. */
export const NETWORKS = 'networks';
/** That of the subnets to which only answers go: what was placed there is elsewhere by now. */
export const BEHIND = 'behind';

/** Where a route leads, as `ip -j route` says it. */
export interface Way {
  /** `10.20.0.0/16`, `10.20.0.5`, `default` */
  dst: string;
  /** who made the route: a name or a number */
  protocol: string;
}

/**
 * A route as wide as the range, or wider, says nothing of it: through the default gateway, or through a company's
 * 10.0.0.0/8, addresses of the overlay that nobody owns would leave.
 * @returns prefixes that do not overlap, as a set of intervals wants them
 */
export function networksIn(ways: readonly Way[]): string[] {
  const others = ways.filter(({ protocol }) => protocol !== String(ROUTE_PROTOCOL)).map(({ dst }) => dst);
  const inside = [...new Set(others)].filter(isNarrower).sort(byWidth);
  return inside.filter((dst, at) => !inside.slice(0, at).some(wider => covers(wider, dst))).sort();
}

/** Does this line of `ip monitor` tell of a change that may have added or taken such a network? */
export function isOfNetworks(line: string): boolean {
  const [, device = ''] = /(?:^(?:Deleted )?\d+: |\bdev )([^\s:@]+)/.exec(line) ?? [];
  return device !== TUNNEL && !isLinkName(device);
}

function isNarrower(dst: string): boolean {
  return bitsOf(dst) > bitsOf(OVERLAY_PREFIX) && covers(OVERLAY_PREFIX, dst);
}

function covers(prefix: string, dst: string): boolean {
  const whole = prefix.includes('/') ? prefix : `${prefix}/32`;
  return inPrefix(dst.split('/')[0] ?? '', whole);
}

function bitsOf(dst: string): number {
  return Number(dst.split('/')[1] ?? 32);
}

function byWidth(left: string, right: string): number {
  return bitsOf(left) - bitsOf(right);
}
