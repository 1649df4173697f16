/** What the kernel shall hold, as maps of text in the words of `ip`, `bridge` and `nft`. */
import { type NetRegistration, OVERLAY_MTU, SERVICE_PREFIX, workerPrefix } from '@hedgerow/protos';
import { instanceAddresses } from './addresses.ts';
import type { Directory } from './directory.ts';
import { gatewayOf, linkName, macOfAddress, macOfSandbox, TUNNEL } from './names.ts';
import { BEHIND, NETWORKS } from './networks.ts';
import { sizeFor } from './rules.ts';
import { addressesOf, isRemote, type WorkerAddress } from './services.ts';
import type { Attachment } from './state.ts';
import type { Touched } from './touched.ts';

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

/** What the kernel's state follows from. */
export interface Known {
  registration: NetRegistration;
  attachments: ReadonlyMap<string, Attachment>;
  services: Directory;
  /** the machine's own, in the overlay's range */
  networks: readonly string[];
}

/** All that the kernel shall hold. */
export function desiredState(known: Known): KernelState {
  const { registration, attachments, services } = known;
  const ips = new Set(services.ips());
  const subnets = new Set(services.subnets());
  const part = desiredPart(known, { ips, subnets, attachments: new Set(attachments.keys()) });
  return {
    ...part,
    routes: new Map([...ownRoutes(registration.subnet), ...part.routes]),
    elements: new Map([
      ...selfElements(registration.subnet),
      ...networkElements(known.networks),
      ...part.elements,
    ]),
  };
}

/** The same, of what is touched. */
export function desiredPart(known: Known, touched: Touched): KernelState {
  const { registration, attachments, services } = known;
  const { subnet } = registration;
  const wired = pick(touched.attachments, key => attachments.get(key)).filter(a => a.sandbox !== '');
  const workers = pick(touched.subnets, other => services.workerAt(other));
  const remote = workers.filter(worker => isRemote(registration, worker));
  const endpoints = [...touched.ips].map((ip): [string, string[]] => [
    ip,
    addressesOf(services.endpointsAt(ip), attachments, registration),
  ]);
  return {
    subnet,
    tunnel: tunnelOf(registration),
    links: new Map(wired.map(a => [linkName(a.serviceName, a.instanceNumber), wireOf(a)])),
    routes: new Map([
      ...wired.map(a => linkRoute(subnet, a)),
      ...remote.map(worker => remoteRoute(subnet, worker)),
    ]),
    neighbours: new Map([...wired.map(linkNeighbour), ...remote.map(remoteNeighbour)]),
    tunnelEnds: new Map(remote.map(worker => tunnelEnd(worker, registration.tunnel_port))),
    elements: new Map([
      ...endpoints.flatMap(endpointElements),
      ...wired.flatMap(portElements),
      ...remote.flatMap(worker => behindElements(services, worker)),
    ]),
    size: sizeFor(endpoints.reduce((most, [, list]) => Math.max(most, list.length), 1)),
  };
}

function pick<V>(keys: Iterable<string>, of: (key: string) => V | undefined): V[] {
  return [...keys].map(of).filter(value => value !== undefined);
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
function ownRoutes(subnet: string): [string, string][] {
  const way = `dev ${TUNNEL} scope link src ${gatewayOf(subnet)}`;
  return [
    [SERVICE_PREFIX, way],
    [workerPrefix(subnet), way],
  ];
}

function linkRoute(subnet: string, a: Attachment): [string, string] {
  const device = linkName(a.serviceName, a.instanceNumber);
  return [`${a.address}/32`, `dev ${device} scope link src ${gatewayOf(subnet)}`];
}

function remoteRoute(subnet: string, worker: WorkerAddress): [string, string] {
  const via = gatewayOf(worker.subnet);
  return [workerPrefix(worker.subnet), `via ${via} dev ${TUNNEL} onlink src ${gatewayOf(subnet)}`];
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

function selfElements(subnet: string): [string, string][] {
  return instanceAddresses(subnet).map(address => [`self ${address} . ${address}`, '']);
}

function networkElements(networks: readonly string[]): [string, string][] {
  return networks.map(prefix => [`${NETWORKS} ${prefix}`, '']);
}

function behindElements(services: Directory, { subnet }: WorkerAddress): [string, string][] {
  return services.isLeftBehind(subnet) ? [[`${BEHIND} ${workerPrefix(subnet)}`, '']] : [];
}

function endpointElements([ip, list]: [string, string[]]): [string, string][] {
  return list.map((address, index) => [
    list.length === 1 ? `ep1 ${ip}` : `ep${list.length} ${ip} . ${index}`,
    address,
  ]);
}

function portElements({ address, ports }: Attachment): [string, string][] {
  return ports.map(p => [`ports ${p.protocol} . ${p.host}`, `${address} . ${p.container}`]);
}
