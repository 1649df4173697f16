/** The nftables table: rules that are loaded whole, elements that come and go one by one. */
import type { Difference, DockerChain } from '../table/difference.ts';
import { hash, NFT_TABLE } from '../table/names.ts';
import { COUNTING_SETS } from '../table/rules.ts';
import type { NftCounted, NftListing, NftValue } from './listings.ts';

const COMMENT = 'hedgerow';
/** Elements in one command: few enough for a readable error, many enough for speed. */
const AT_A_TIME = 500;

/** The lines of one transaction. */
export function natLines(plan: Pick<Difference, 'rules' | 'elements' | 'docker'>): string[] {
  const { gone, set, stale } = plan.elements;
  return [
    ...(plan.rules ? [...DROP_TABLE, ...plan.rules] : []),
    ...elementLines('delete', [...gone, ...stale]),
    ...elementLines('add', set),
    ...(plan.docker ? dockerLines(plan.docker) : []),
  ];
}

/** Declared first, so that deleting it never fails. */
export const DROP_TABLE = [`table ip ${NFT_TABLE} {}`, `delete table ip ${NFT_TABLE}`];

function elementLines(verb: 'add' | 'delete', elements: Difference['elements']['set']): string[] {
  const bySet = new Map<string, string[]>();
  for (const [key, value] of elements) {
    const [name = '', ...rest] = key.split(' ');
    const text = verb === 'delete' || value === '' ? rest.join(' ') : `${rest.join(' ')} : ${value}`;
    const texts = bySet.get(name) ?? [];
    texts.push(text);
    bySet.set(name, texts);
  }
  return [...bySet].flatMap(([name, texts]) =>
    chunks(texts).map(chunk => `${verb} element ip ${NFT_TABLE} ${name} { ${chunk.join(', ')} }`),
  );
}

function chunks(texts: readonly string[]): string[][] {
  const count = Math.ceil(texts.length / AT_A_TIME);
  return Array.from({ length: count }, (_, i) => texts.slice(i * AT_A_TIME, (i + 1) * AT_A_TIME));
}

export function foundElements(listing: NftListing): Map<string, string> {
  const elements = new Map<string, string>();
  for (const { map, set } of listing.nftables) {
    for (const [key, value] of map?.elem ?? []) elements.set(`${map?.name} ${textOf(key)}`, textOf(value));
    if (!set || COUNTING_SETS.has(set.name)) continue;
    for (const key of set.elem ?? []) elements.set(`${set.name} ${textOf(key as NftValue)}`, '');
  }
  return elements;
}

/** Packets to addresses that nobody owns since the rules were loaded, by their source. */
export function foundStrays(listing: NftListing): Map<string, number> {
  const rows = listing.nftables.flatMap(({ set }) => (set?.name === 'strays' ? (set.elem ?? []) : []));
  const counted = rows.filter((row): row is NftCounted => typeof row === 'object' && 'elem' in row);
  return new Map(counted.map(({ elem }) => [textOf(elem.val), elem.counter?.packets ?? 0]));
}

/** Most instances of a service that the rules know: there is one map `ep<n>` for each number. */
export function foundSize(listing: NftListing): number {
  const sizes = listing.nftables.map(({ map }) => Number(/^ep(\d+)$/.exec(map?.name ?? '')?.[1] ?? 0));
  return Math.max(0, ...sizes);
}

/** Of everything but the elements, so that a rule that was removed or added behind our back is noticed. */
export function fingerprint(listing: NftListing): string {
  const rows = listing.nftables.filter(row => !row.metainfo);
  const volatile = new Set(['handle', 'elem']);
  return hash(JSON.stringify(rows, (key, value) => (volatile.has(key) ? undefined : value)));
}

function textOf(value: NftValue): string {
  if (typeof value !== 'object') return String(value);
  return 'prefix' in value ? `${value.prefix.addr}/${value.prefix.len}` : value.concat.join(' . ');
}

const DOCKER_CHAIN = 'ip filter DOCKER-USER';
const DOCKER_RULES = ['iifname "hv*" accept', 'oifname "hv*" accept'];

function dockerLines(chain: DockerChain): string[] {
  return [
    ...removeDockerLines(chain),
    ...DOCKER_RULES.map(rule => `insert rule ${DOCKER_CHAIN} ${rule} comment "${COMMENT}"`),
  ];
}

export function removeDockerLines(chain: DockerChain): string[] {
  return chain.handles.map(handle => `delete rule ${DOCKER_CHAIN} handle ${handle}`);
}

/** @param listing null when there is no such chain in this network namespace */
export function foundDocker(listing: NftListing | null): DockerChain {
  const ours =
    listing?.nftables.flatMap(({ rule }) => (rule?.comment === COMMENT ? [rule.handle] : [])) ?? [];
  return { exists: listing !== null, complete: ours.length === DOCKER_RULES.length, handles: ours };
}
