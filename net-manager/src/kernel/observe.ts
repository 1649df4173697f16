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
import { fingerprint, foundDocker, foundElements, foundSize } from './nat.ts';
import { foundNeighbours, foundRoutes } from './routes.ts';
import { foundTunnel, foundTunnelEnds } from './tunnel.ts';

/** The rules as they were loaded: hash of our text, and what the kernel listed right afterwards. */
export interface LoadedRules {
  text: string;
  fingerprint: string;
}

/** Reads from the kernel what is ours in this network namespace. */
export async function observe(exec: Exec, loaded: LoadedRules | null): Promise<Observed> {
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
    addresses: new Set(links.flatMap(row => row.addr_info.map(({ local }) => local))),
    docker: await observeDocker(exec),
  };
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
