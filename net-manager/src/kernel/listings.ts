/** The parts that we read of what `ip -j`, `bridge -j` and `nft -j` print (iproute2 6.1, nftables 1.0.6). */
export interface LinkRow {
  ifname: string;
  flags: string[];
  mtu: number;
  address: string;
  linkinfo?: {
    info_kind?: string;
    info_data?: { id?: number; local?: string; port?: number; learning?: boolean };
  };
  addr_info: { family: string; local: string; prefixlen: number }[];
}

export interface RouteRow {
  dst: string;
  dev: string;
  gateway?: string;
  prefsrc?: string;
  flags: string[];
}

export interface NeighbourRow {
  dst: string;
  dev: string;
  lladdr?: string;
}

export interface TunnelEndRow {
  mac: string;
  dst?: string;
  port?: number;
}

export type NftValue =
  | string
  | number
  | { concat: (string | number)[] }
  | { prefix: { addr: string; len: number } };

/** Of a set that the kernel fills: with a time and what it counted. */
export interface NftCounted {
  elem: { val: NftValue; counter?: { packets: number } };
}

export interface NftListing {
  nftables: {
    metainfo?: object;
    table?: object;
    map?: { name: string; elem?: [NftValue, NftValue][] };
    set?: { name: string; elem?: (NftValue | NftCounted)[] };
    chain?: { name: string };
    rule?: { handle: number; comment?: string; chain: string };
  }[];
}

/** iproute2 prints an empty object for each row that its filter left out. */
export function rowsOf<T extends object>(listing: unknown): T[] {
  return Array.isArray(listing) ? listing.filter(row => Object.keys(row).length > 0) : [];
}
