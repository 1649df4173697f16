/** A database of MongoDB. Secrets are documents there, because several roots share them. */
import {
  beginRestore,
  type Document,
  endRestore,
  HedgerowError,
  openSchemas,
  put,
  type Store,
} from '@hedgerow/common';
import { openMongodb, redact } from '@hedgerow/common/mongodb';
import { ERRORS } from '../errors.ts';
import type { Line } from './format.ts';
import { loadDocuments } from './load.ts';
import type { Place } from './place.ts';
import { inUse, notEmpty } from './refusals.ts';
import type { BackupRole } from './roles.ts';

const SECRETS = 'secrets';
const SCHEMA = 'schema';

/** ms; who held the lease and has not renewed it for so long is gone, whatever the clocks are apart */
const LEASE_IS_OLD = 60_000;

export async function mongodbPlace(role: BackupRole, url: string): Promise<Place> {
  if (role !== 'root') {
    throw new HedgerowError(ERRORS.USAGE, `a ${role} keeps its data in SQLite: leave out --mongodb`);
  }
  const store = await openMongodb({ url });
  return {
    name: redact(url),
    schema: async () => (await openSchemas(store).get(role))?.version ?? 0,
    async *lines() {
      for await (const line of store.dump())
        yield line.collection === SECRETS ? asSecret(line.document) : line;
    },
    async checkFree(force) {
      await refuseWhileLed(store);
      if (!force && !(await isEmpty(store.dump()))) throw notEmpty(redact(url));
    },
    async load(lines) {
      await beginRestore(store);
      await store.clear([SCHEMA]);
      const kept = store.collection<Document & { value: string }>(SECRETS, []);
      for (const { secret, value } of await loadDocuments(store, lines))
        await put(kept, { id: secret, value });
      await endRestore(store);
    },
    close: () => store.close(),
  };
}

async function refuseWhileLed(store: Store): Promise<void> {
  const leases = store.collection<Document & { root_id: string; address: string; renewed: number }>(
    'leases',
    [],
  );
  const lease = await leases.get('leader');
  if (!lease || lease.root_id === '' || Date.now() - lease.renewed > LEASE_IS_OLD) return;
  throw inUse(
    `the root at ${lease.address} works with it: stop every root first, or wait a minute if it was killed`,
  );
}

async function isEmpty(documents: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _ of documents) return false;
  return true;
}

function asSecret(document: Document): Line {
  return { secret: document.id, value: String((document as unknown as { value: unknown }).value) };
}
