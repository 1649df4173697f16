import type { BatchLine } from '../exec/exec.ts';
import { isLinkName, ROUTE_PROTOCOL, TUNNEL } from '../table/names.ts';
import type { NeighbourRow, RouteRow } from './listings.ts';

export function routeLine(prefix: string, way: string): BatchLine {
  return `route replace ${prefix} ${way} proto ${ROUTE_PROTOCOL}`;
}

export function removeRoute(prefix: string): BatchLine {
  return { unlessGone: `route del ${prefix} proto ${ROUTE_PROTOCOL}` };
}

export function foundRoutes(rows: readonly RouteRow[]): Map<string, string> {
  return new Map(rows.map(row => [row.dst.includes('/') ? row.dst : `${row.dst}/32`, wayOf(row)]));
}

function wayOf(row: RouteRow): string {
  const src = row.prefsrc === undefined ? '' : ` src ${row.prefsrc}`;
  if (row.gateway === undefined) return `dev ${row.dev} scope link${src}`;
  return `via ${row.gateway} dev ${row.dev}${row.flags.includes('onlink') ? ' onlink' : ''}${src}`;
}

export function neighbourLine(key: string, mac: string): BatchLine {
  const [address, , device] = key.split(' ');
  return `neighbour replace ${address} lladdr ${mac} dev ${device} nud permanent`;
}

export function removeNeighbour(key: string): BatchLine {
  return { unlessGone: `neighbour del ${key}` };
}

export function foundNeighbours(rows: readonly NeighbourRow[]): Map<string, string> {
  const ours = rows.filter(({ dev }) => dev === TUNNEL || isLinkName(dev));
  return new Map(ours.map(({ dst, dev, lladdr }) => [`${dst} dev ${dev}`, lladdr ?? '']));
}
