/** What the kernel shall hold, as maps of text in the words of `ip`, `bridge` and `nft`. */
import { type NetRegistration, OVERLAY_MTU, SERVICE_PREFIX } from '@hedgerow/protos';
import { instanceAddresses } from './addresses.ts';
import { gatewayOf, linkName, macOfAddress, macOfSandbox, prefixOf, TUNNEL } from './names.ts';
import { sizeFor } from './rules.ts';
import { endpointsOf, remoteWorkers, type WorkerAddress } from './services.ts';
import type { Attachment, NetState } from './state.ts';

export interface Tunnel {
  port: number;
  /** source address of the tunnel; '' when the public address is not on this machine (behind NAT) */
  local: string;
  address: string;
  mac: string;
  mtu: number;
}

export interface Wire {
  /** hardware address of the host end, which tells the sandbox */
  mac: string;
  pid: number;
  address: string;
}

export interface KernelState {
  subnet: string;
  tunnel: Tunnel | null;
  /** by name of the host end */
  links: ReadonlyMap<string, Wire>;
  /** `10.18.0.64/26` → `via 10.18.0.65 dev hedgerow onlink src 10.18.0.1` */
  routes: ReadonlyMap<string, string>;
  /** `10.18.0.65 dev hedgerow` → hardware address */
  neighbours: ReadonlyMap<string, string>;
  /** hardware address of a remote gateway → `dst 192.0.2.7` */
  tunnelEnds: ReadonlyMap<string, string>;
  /** `ep2 10.30.30.30 . 0` → `10.18.0.2` */
  elements: ReadonlyMap<string, string>;
  /** most instances of one service that the nftables rules must know */
  size: number;
}

export function desiredState(state: NetState, registration: NetRegistration): KernelState {
  const { subnet } = registration;
  const services = [...state.services.values()];
  const endpoints = endpointsOf(services, state.attachments, registration);
  const wired = [...state.attachments.values()].filter(attachment => attachment.sandbox !== '');
  const remote = [...remoteWorkers(services, registration).values()];
  return {
    subnet,
    tunnel: tunnelOf(registration),
    links: new Map(wired.map(a => [linkName(a.serviceName, a.instanceNumber), wireOf(a)])),
    routes: new Map([...ownRoutes(subnet, wired), ...remote.map(worker => remoteRoute(subnet, worker))]),
    neighbours: new Map([...wired.map(linkNeighbour), ...remote.map(remoteNeighbour)]),
    tunnelEnds: new Map(remote.map(worker => tunnelEnd(worker, registration.tunnel_port))),
    elements: elementsOf(subnet, endpoints, wired),
    size: sizeFor(mostReplicas(endpoints)),
  };
}

function mostReplicas(endpoints: ReadonlyMap<string, readonly string[]>): number {
  let most = 1;
  for (const list of endpoints.values()) most = Math.max(most, list.length);
  return most;
}

function tunnelOf(registration: NetRegistration): Tunnel {
  const address = gatewayOf(registration.subnet);
  return {
    port: registration.tunnel_port,
    local: registration.public_address,
    address,
    mac: macOfAddress(address),
    mtu: OVERLAY_MTU,
  };
}

function wireOf(attachment: Attachment): Wire {
  return { mac: macOfSandbox(attachment.sandbox), pid: attachment.pid, address: attachment.address };
}

/** Our own subnet leads to the tunnel device, where the rules refuse what no link claims. */
function ownRoutes(subnet: string, wired: readonly Attachment[]): [string, string][] {
  const src = gatewayOf(subnet);
  return [
    [SERVICE_PREFIX, `dev ${TUNNEL} scope link src ${src}`],
    [prefixOf(subnet), `dev ${TUNNEL} scope link src ${src}`],
    ...wired.map((a): [string, string] => [
      `${a.address}/32`,
      `dev ${linkName(a.serviceName, a.instanceNumber)} scope link src ${src}`,
    ]),
  ];
}

function remoteRoute(subnet: string, worker: WorkerAddress): [string, string] {
  const via = gatewayOf(worker.subnet);
  return [prefixOf(worker.subnet), `via ${via} dev ${TUNNEL} onlink src ${gatewayOf(subnet)}`];
}

function linkNeighbour(attachment: Attachment): [string, string] {
  const device = linkName(attachment.serviceName, attachment.instanceNumber);
  return [`${attachment.address} dev ${device}`, macOfAddress(attachment.address)];
}

function remoteNeighbour(worker: WorkerAddress): [string, string] {
  const gateway = gatewayOf(worker.subnet);
  return [`${gateway} dev ${TUNNEL}`, macOfAddress(gateway)];
}

/** The kernel does not list a port that is the device's own, so it is not written either. */
function tunnelEnd(worker: WorkerAddress, ownPort: number): [string, string] {
  const port = worker.port === ownPort ? '' : ` port ${worker.port}`;
  return [macOfAddress(gatewayOf(worker.subnet)), `dst ${worker.host}${port}`];
}

function elementsOf(
  subnet: string,
  endpoints: ReadonlyMap<string, readonly string[]>,
  wired: readonly Attachment[],
): Map<string, string> {
  const elements = new Map<string, string>();
  for (const address of instanceAddresses(subnet)) elements.set(`self ${address} . ${address}`, '');
  for (const [ip, list] of endpoints) {
    for (const [index, address] of list.entries()) {
      elements.set(list.length === 1 ? `ep1 ${ip}` : `ep${list.length} ${ip} . ${index}`, address);
    }
  }
  for (const { address, ports } of wired) {
    for (const p of ports) elements.set(`ports ${p.protocol} . ${p.host}`, `${address} . ${p.container}`);
  }
  return elements;
}
