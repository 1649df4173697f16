/** What nobody owns any more: left by a crash between two documents of one change. A look-up that fails proves nothing. */
import type { Collections } from '../collections.ts';

/** pages in which histories are read: each is as large as everything else of its instance */
const PAGE = 100;

export const LEAK_KINDS = ['claims', 'histories', 'instances'] as const;

export interface Leak {
  kind: (typeof LEAK_KINDS)[number];
  /** the same as long as it is the same leak: what was freed and claimed again is another one */
  key: string;
  /** for the log */
  what: object;
  free(): Promise<unknown>;
}

type FindParts = Pick<
  Collections,
  'applications' | 'claims' | 'clusters' | 'histories' | 'instances' | 'organizations' | 'services' | 'users'
>;

/** Claims whose owner does not exist. Those of workers stay until their cluster gives them back or is removed. */
export async function leakedClaims(collections: FindParts): Promise<Leak[]> {
  const leaks: Leak[] = [];
  for (const { id, owner } of await collections.claims.find()) {
    if (await hasOwner(collections, owner)) continue;
    const free = () => collections.claims.remove(id, { owner });
    leaks.push({ kind: 'claims', key: `${id} ${owner}`, what: { claim: id, owner }, free });
  }
  return leaks;
}

/** Histories whose instance does not exist, but for those that are kept for a while. */
export async function leakedHistories({ histories, instances, services }: FindParts): Promise<Leak[]> {
  const leaks: Leak[] = [];
  let after = '';
  for (;;) {
    const page = await histories.find({}, { after, limit: PAGE });
    for (const { id, gone_at, service_id } of page) {
      if (await instances.get(id)) continue;
      if (gone_at !== undefined && (await services.get(service_id))) continue;
      leaks.push({
        kind: 'histories',
        key: `history ${id}`,
        what: { history: id },
        free: () => histories.remove(id),
      });
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE) return leaks;
    after = last.id;
  }
}

/** Instances that are wanted, of services that are not. @param dismiss has one removed from its cluster and then here */
export async function leakedInstances(
  { instances, services }: FindParts,
  dismiss: (id: string) => Promise<unknown>,
): Promise<Leak[]> {
  const wanted = await instances.find({ desired: 'run' });
  const known = new Set<string>();
  for (const id of new Set(wanted.map(({ service_id }) => service_id))) {
    if (await services.get(id)) known.add(id);
  }
  return wanted
    .filter(({ service_id }) => !known.has(service_id))
    .map(({ id }) => ({
      kind: 'instances',
      key: `instance ${id}`,
      what: { instance: id },
      free: () => dismiss(id),
    }));
}

async function hasOwner(collections: FindParts, owner: string): Promise<boolean> {
  const slash = owner.indexOf('/');
  const id = owner.slice(slash + 1);
  switch (owner.slice(0, slash)) {
    case 'application':
      return (await collections.applications.get(id)) !== null;
    case 'service':
      return (await collections.services.get(id)) !== null;
    case 'instance':
      return (await collections.instances.get(id)) !== null;
    case 'organization':
      return (await collections.organizations.get(id)) !== null;
    case 'user':
      return (await collections.users.get(id)) !== null;
    case 'worker':
      return (await collections.clusters.get(id.split('/')[0] ?? '')) !== null;
    default:
      return true;
  }
}
