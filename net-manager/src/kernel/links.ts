import { OVERLAY_MTU } from '@hedgerow/protos';
import type { BatchLine } from '../exec/exec.ts';
import type { Wire } from '../table/desired.ts';
import { gatewayOf, isLinkName, macOfAddress } from '../table/names.ts';
import type { LinkRow } from './listings.ts';

/** What a container calls its end. */
const INSIDE = 'eth0';

/** The peer is born in the container's namespace: there is no moment in which it carries its name in ours. */
export function linkLines(name: string, wire: Wire): BatchLine[] {
  const peer = `name ${INSIDE} mtu ${OVERLAY_MTU} address ${macOfAddress(wire.address)} netns ${wire.pid}`;
  return [
    `link add ${name} mtu ${OVERLAY_MTU} address ${wire.mac} type veth peer ${peer}`,
    `link set dev ${name} addrgenmode none`,
    `link set dev ${name} up`,
  ];
}

/** With the neighbour entry no address has to be asked for, so the first packet leaves at once. */
export function containerLines(subnet: string, wire: Wire): BatchLine[] {
  const gateway = gatewayOf(subnet);
  return [
    'link set dev lo up',
    `link set dev ${INSIDE} addrgenmode none`,
    `link set dev ${INSIDE} up`,
    `address add ${wire.address}/32 dev ${INSIDE}`,
    `neighbour replace ${gateway} lladdr ${wire.mac} dev ${INSIDE} nud permanent`,
    `route replace ${gateway}/32 dev ${INSIDE} scope link`,
    `route replace default via ${gateway} dev ${INSIDE}`,
  ];
}

export function removeLink(name: string): BatchLine {
  return { unlessGone: `link del dev ${name}` };
}

/** Links that are down or were given another MTU count as different, so that they are made again. */
export function foundLinks(rows: readonly LinkRow[]): Map<string, Wire> {
  const links = new Map<string, Wire>();
  for (const row of rows) {
    if (!isLinkName(row.ifname) || row.linkinfo?.info_kind !== 'veth') continue;
    const sound = row.flags.includes('UP') && row.mtu === OVERLAY_MTU;
    links.set(row.ifname, { mac: sound ? row.address : '', pid: 0, address: '' });
  }
  return links;
}
