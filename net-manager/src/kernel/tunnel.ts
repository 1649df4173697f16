import type { BatchLine } from '../exec/exec.ts';
import type { Tunnel } from '../table/desired.ts';
import { TUNNEL, VXLAN_ID } from '../table/names.ts';
import type { LinkRow, TunnelEndRow } from './listings.ts';

/**
 * VXLAN without learning: who is where comes from the table. The device also carries the gateway address, because
 * a `dummy` device is not in every kernel, and so that this worker's own packets to others leave with it.
 */
export function tunnelLines(tunnel: Tunnel): BatchLine[] {
  const local = tunnel.local === '' ? '' : ` local ${tunnel.local}`;
  return [
    `link add ${TUNNEL} mtu ${tunnel.mtu} address ${tunnel.mac} ` +
      `type vxlan id ${VXLAN_ID}${local} dstport ${tunnel.port} nolearning`,
    `link set dev ${TUNNEL} addrgenmode none`,
    `link set dev ${TUNNEL} up`,
    `address add ${tunnel.address}/32 dev ${TUNNEL}`,
  ];
}

export const REMOVE_TUNNEL: BatchLine = { unlessGone: `link del dev ${TUNNEL}` };

/** A device that lost its address, is down or learns is described so that it differs from any that is wanted. */
export function foundTunnel(rows: readonly LinkRow[]): Tunnel | null {
  const row = rows.find(({ ifname }) => ifname === TUNNEL);
  if (!row) return null;
  const data = row.linkinfo?.info_data;
  const sound = row.flags.includes('UP') && data?.id === VXLAN_ID && data.learning === false;
  const address = row.addr_info.find(({ family }) => family === 'inet')?.local ?? '';
  return {
    port: sound ? (data.port ?? 0) : 0,
    local: data?.local ?? '',
    address,
    mac: row.address,
    mtu: row.mtu,
  };
}

export function tunnelEndLine(mac: string, end: string): BatchLine {
  return `fdb replace ${mac} dev ${TUNNEL} ${end} self permanent`;
}

export function removeTunnelEnd(mac: string): BatchLine {
  return { unlessGone: `fdb del ${mac} dev ${TUNNEL} self` };
}

export function foundTunnelEnds(rows: readonly TunnelEndRow[]): Map<string, string> {
  const ends = rows.flatMap(({ mac, dst, port }): [string, string][] =>
    dst === undefined ? [] : [[mac, `dst ${dst}${port === undefined ? '' : ` port ${port}`}`]],
  );
  return new Map(ends);
}
