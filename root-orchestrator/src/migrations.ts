/** Numbered changes of the root's stored documents. One that was released never changes. */
import {
  type Collection,
  type Document,
  isErrorOf,
  type Migration,
  type New,
  STORE_ERRORS,
  type Store,
  update,
} from '@hedgerow/common';

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: 'organizations, updates, request ids, leases', up: organizations },
];

/** A document of a shape that the code does not know any more. */
type Old = Document & Record<string, unknown>;

const ROOT_ID = '000000000000000000000001';

async function organizations(store: Store): Promise<void> {
  const root = await membershipsOfRoot(store);
  await each(store, 'users', ({ roles: _, tokens_valid_from: __, ...user }) => ({
    token_version: 0,
    ...user,
  }));
  await foldNames(store);
  await each(store, 'applications', application => ({
    ...application,
    organization_id: application.organization_id || root,
  }));
  await each(store, 'services', service => ({ rollout: null, ...service }));
  await each(store, 'instances', instance => ({ request_id: '', ...instance }));
  await each(store, 'clusters', cluster => ({ connected_epoch: -1, ...cluster }));
  await each(store, 'intents', intent => ({ root_id: '', at: 0, ...intent }));
  await open(store, 'meta').remove('organization');
}

/** Users had roles of their own; from now on they have them as members of `root`. @returns its id */
async function membershipsOfRoot(store: Store): Promise<string> {
  const collection = open(store, 'organizations', ['name']);
  const [known] = await collection.find({ name: 'root' });
  const id = known?.id ?? String((await open(store, 'meta').get('organization'))?.value ?? ROOT_ID);
  const users = (await open(store, 'users', ['name']).find()).filter(({ roles }) => roles !== undefined);
  const member = users.map(user => ({ user_id: user.id, roles: user.roles }));
  if (member.length > 0) {
    await insert(collection, { id, name: 'root', member: [] });
    await insert(open(store, 'claims', ['owner']), {
      id: 'organization-name/root',
      owner: `organization/${id}`,
    });
    await update(collection, id, root => ({
      ...root,
      member: merged(root.member as Member[], member as Member[]),
    }));
  }
  return id;
}

interface Member {
  user_id: string;
}

/** A crash may have come half way: who is a member already stays as he is. */
function merged(before: readonly Member[], more: readonly Member[]): Member[] {
  return [...before, ...more.filter(({ user_id }) => !before.some(known => known.user_id === user_id))];
}

/** Names of users are unique without regard to case now; of two that were told apart the older one has the claim. */
async function foldNames(store: Store): Promise<void> {
  const claims = open(store, 'claims', ['owner']);
  for (const { id, name } of await open(store, 'users', ['name']).find()) {
    const claim = { id: `user-name/${String(name).normalize('NFKC').toLowerCase()}`, owner: `user/${id}` };
    await insert(claims, claim);
    for (const old of await claims.find({ owner: claim.owner })) {
      if (old.id !== claim.id && old.id.startsWith('user-name/')) await claims.remove(old.id);
    }
  }
}

async function each(store: Store, name: string, change: (document: Old) => New<Old>): Promise<void> {
  const collection = open(store, name);
  for (const { id } of await collection.find()) {
    await update(collection, id, document => {
      const next = change(document);
      return JSON.stringify(next) === JSON.stringify(document) ? null : next;
    });
  }
}

async function insert(collection: Collection<Old>, document: New<Old>): Promise<void> {
  try {
    await collection.insert(document);
  } catch (error) {
    if (!isErrorOf(error, STORE_ERRORS.STORE_DUPLICATE)) throw error;
  }
}

function open(store: Store, name: string, indexes: readonly string[] = []): Collection<Old> {
  return store.collection<Old>(name, indexes);
}
