/** What has to be done to the kernel so that it holds what it shall. Undo and repair are this, too. */
import { TUNNEL_PORT } from '@hedgerow/protos';
import type { KernelState, Tunnel, Wire } from './desired.ts';
import { hash, TUNNEL } from './names.ts';
import { ruleset } from './rules.ts';

/** What was found in the kernel, or what is there since the last change that went well. */
export interface Observed extends KernelState {
  /** hash of the text that the nftables rules were made from; '' when they are missing or were touched */
  rules: string;
  /** the IPv4 addresses of this network namespace, but for the tunnel's */
  addresses: ReadonlySet<string>;
  docker: DockerChain;
}

/** Docker's chain for other people's rules; ours in it accept what its FORWARD policy would drop. */
export interface DockerChain {
  exists: boolean;
  complete: boolean;
  /** of our rules */
  handles: readonly number[];
}

export interface Change<V> {
  /** to be removed: not wanted any more */
  gone: readonly (readonly [string, V])[];
  /** wanted, missing or different */
  set: readonly (readonly [string, V])[];
  /** those of `set` that are there with another value */
  stale: readonly (readonly [string, V])[];
}

export interface Difference {
  tunnel: { remove: boolean; make: Tunnel | null };
  links: Change<Wire>;
  routes: Change<string>;
  neighbours: Change<string>;
  tunnelEnds: Change<string>;
  /** text of a whole new nftables table, when it must be loaded again */
  rules: readonly string[] | null;
  elements: Change<string>;
  docker: DockerChain | null;
  /** [service IP, container address] pairs that no longer belong together */
  parted: readonly (readonly [string, string])[];
  /** container addresses that left this worker */
  left: readonly string[];
}

/**
 * Of two states, or of the same parts of two.
 * @param whole all that is wanted: rules that are loaded anew begin without any element
 * @returns the difference, and what the kernel holds once it has been applied
 */
export function difference(
  wanted: KernelState,
  found: Observed,
  whole: () => KernelState = () => wanted,
): { plan: Difference; after: Observed } {
  const desired = settle(wanted, found);
  const text = sameRules(desired, found) ? null : rulesOf(desired);
  const rules = text === null ? found.rules : hash(text.join('\n'));
  const links = change(desired.links, found.links, wire => wire.mac);
  const tunnel = tunnelChange(desired.tunnel, found.tunnel);
  const lost = lostDevices(tunnel.remove, links);
  const survives = (text: string) => !lost.has(deviceOf(text));
  const moved = change(desired.elements, found.elements);
  const plan: Difference = {
    tunnel,
    links,
    // Our routes prefer the gateway as their source, so all of them go with the device that carries it.
    routes: change(desired.routes, tunnel.remove ? NONE : kept(found.routes, (_, value) => survives(value))),
    neighbours: change(desired.neighbours, kept(found.neighbours, survives)),
    tunnelEnds: change(desired.tunnelEnds, tunnel.remove ? NONE : found.tunnelEnds),
    rules: rules === found.rules ? null : text,
    elements: rules === found.rules ? moved : change(whole().elements, NONE),
    docker: found.docker.exists && !found.docker.complete ? found.docker : null,
    parted: parted(moved, desired.elements),
    left: leftAddresses(found.routes, desired.routes),
  };
  const docker = { ...found.docker, complete: found.docker.exists };
  return { plan, after: { ...desired, rules, addresses: found.addresses, docker } };
}

/** Of a state that was brought about before the rules need not be made to know that they are the same. */
function sameRules(desired: KernelState, found: Observed): boolean {
  const { subnet, size, tunnel } = found;
  const same = subnet === desired.subnet && size === desired.size && tunnel?.port === desired.tunnel?.port;
  return same && found.rules !== '';
}

function rulesOf({ subnet, size, tunnel }: KernelState): string[] {
  return ruleset(subnet, size, tunnel?.port ?? TUNNEL_PORT);
}

const NONE: ReadonlyMap<string, string> = new Map();

/** Fills in what depends on the machine: the tunnel's source address must be one of its own; rules do not shrink. */
function settle(wanted: KernelState, found: Observed): KernelState {
  const size = Math.max(wanted.size, found.rules === '' ? 0 : found.size);
  if (!wanted.tunnel || found.addresses.has(wanted.tunnel.local)) return { ...wanted, size };
  return { ...wanted, size, tunnel: { ...wanted.tunnel, local: '' } };
}

function change<V>(
  desired: ReadonlyMap<string, V>,
  found: ReadonlyMap<string, V>,
  comparable: (value: V) => unknown = value => value,
): Change<V> {
  const gone = [...found].filter(([key]) => !desired.has(key));
  const set = [...desired].filter(([key, value]) => {
    const old = found.get(key);
    return old === undefined || comparable(old) !== comparable(value);
  });
  const stale = set.flatMap(([key]): [string, V][] => {
    const old = found.get(key);
    return old === undefined ? [] : [[key, old]];
  });
  return { gone, set, stale };
}

function tunnelChange(desired: Tunnel | null, found: Tunnel | null): Difference['tunnel'] {
  const same = JSON.stringify(desired) === JSON.stringify(found);
  return same ? { remove: false, make: null } : { remove: found !== null, make: desired };
}

/** With a device go its routes and neighbours. */
function lostDevices(tunnel: boolean, links: Change<Wire>): Set<string> {
  const names = [...links.gone, ...links.stale].map(([name]) => name);
  return new Set(tunnel ? [...names, TUNNEL] : names);
}

function deviceOf(text: string): string {
  return /\bdev (\S+)/.exec(text)?.[1] ?? '';
}

function kept(
  map: ReadonlyMap<string, string>,
  keep: (key: string, value: string) => boolean,
): ReadonlyMap<string, string> {
  return new Map([...map].filter(([key, value]) => keep(key, value)));
}

/** Service IP and container address that stood together in an element before and in none after. */
function parted(moved: Change<string>, desired: ReadonlyMap<string, string>): [string, string][] {
  const before = pairs([...moved.gone, ...moved.stale]);
  if (before.length === 0) return [];
  const still = new Set(pairs([...desired], new Set(before.map(([ip]) => ip))).map(pair => pair.join()));
  const lost = before.filter(pair => !still.has(pair.join()));
  return [...new Map(lost.map(pair => [pair.join(), pair])).values()];
}

function pairs(
  elements: readonly (readonly [string, string])[],
  only?: ReadonlySet<string>,
): [string, string][] {
  return elements.flatMap(([key, address]): [string, string][] => {
    const [set = '', ip = ''] = key.split(' ', 2);
    return set.startsWith('ep') && (!only || only.has(ip)) ? [[ip, address]] : [];
  });
}

/** An address has left when no link claims it any more; links are found by their /32 routes. */
function leftAddresses(found: ReadonlyMap<string, string>, desired: ReadonlyMap<string, string>): string[] {
  return [...found.keys()]
    .filter(prefix => prefix.endsWith('/32') && !desired.has(prefix))
    .map(prefix => prefix.slice(0, -'/32'.length));
}

export function isEmpty(plan: Difference): boolean {
  const changes = [plan.links, plan.routes, plan.neighbours, plan.tunnelEnds, plan.elements];
  const quiet = changes.every(({ gone, set }) => gone.length === 0 && set.length === 0);
  return quiet && !plan.tunnel.remove && !plan.tunnel.make && !plan.rules && !plan.docker;
}
