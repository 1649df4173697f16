import type { Exec } from '../exec/exec.ts';
import type { Observed } from '../table/difference.ts';
import { NFT_TABLE, ROUTE_PROTOCOL, TUNNEL } from '../table/names.ts';
import { foundLinks } from './links.ts';
import {
  type LinkRow,
  type NeighbourRow,
  type NftListing,
  type RouteRow,
  rowsOf,
  type TunnelEndRow,
} from './listings.ts';
import { fingerprint, foundDocker, foundElements, foundSize, foundStrays } from './nat.ts';
import { foundNeighbours, foundRoutes } from './routes.ts';
import { foundTunnel, foundTunnelEnds } from './tunnel.ts';

/** The rules as they were loaded: hash of our text, and what the kernel listed right afterwards. */
export interface LoadedRules {
  text: string;
  fingerprint: string;
}

/** What only a look at the kernel tells. */
export interface Found extends Observed {
  /** packets to addresses that nobody owns since the rules were loaded, by source */
  strays: ReadonlyMap<string, number>;
}

/** Reads from the kernel what is ours in this network namespace. */
export async function observe(exec: Exec, loaded: LoadedRules | null): Promise<Found> {
  const links = rowsOf<LinkRow>(await exec.read('ip', ['-j', '-d', 'address', 'show']));
  const tunnel = foundTunnel(links);
  const ends = tunnel ? await exec.read('bridge', ['-j', 'fdb', 'show', 'dev', TUNNEL]) : [];
  const protocol = String(ROUTE_PROTOCOL);
  const routes = await exec.read('ip', ['-j', '-4', 'route', 'show', 'table', 'all', 'proto', protocol]);
  const neighbours = await exec.read('ip', ['-j', '-4', 'neighbour', 'show', 'nud', 'permanent']);
  const nft = (await exec.read('nft', ['-j', 'list', 'table', 'ip', NFT_TABLE])) as NftListing | null;
  return {
    subnet: '',
    tunnel,
    links: foundLinks(links),
    routes: foundRoutes(rowsOf<RouteRow>(routes)),
    neighbours: foundNeighbours(rowsOf<NeighbourRow>(neighbours)),
    tunnelEnds: foundTunnelEnds(rowsOf<TunnelEndRow>(ends)),
    elements: nft ? foundElements(nft) : new Map(),
    size: nft ? foundSize(nft) : 0,
    rules: nft && loaded?.fingerprint === fingerprint(nft) ? loaded.text : '',
    addresses: addressesOf(links),
    docker: await observeDocker(exec),
    strays: nft ? foundStrays(nft) : new Map(),
  };
}

function addressesOf(links: readonly LinkRow[]): Set<string> {
  const others = links.filter(({ ifname }) => ifname !== TUNNEL);
  return new Set(
    others.flatMap(row => row.addr_info.filter(({ family }) => family === 'inet').map(({ local }) => local)),
  );
}

export async function observeDocker(exec: Exec): Promise<Observed['docker']> {
  const listing = await exec.read('nft', ['-j', '-a', 'list', 'chain', 'ip', 'filter', 'DOCKER-USER']);
  return foundDocker(listing as NftListing | null);
}

/** @returns null when the table is not there */
export async function rulesFingerprint(exec: Exec): Promise<string | null> {
  const listing = (await exec.read('nft', [
    '-j',
    '-t',
    'list',
    'table',
    'ip',
    NFT_TABLE,
  ])) as NftListing | null;
  return listing && fingerprint(listing);
}
