/** What every driver of the store must do, as tables of tests that each driver runs. */
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Store } from '@hedgerow/common';
import { DOCUMENTS } from './store/documents.ts';
import { FINDING } from './store/finding.ts';
import { type Cases, type Harbour, openBoats } from './store/harbour.ts';
import { SHARING } from './store/sharing.ts';
import { WATCHING } from './store/watching.ts';
import { WRITING } from './store/writing.ts';

/** One empty database. Each handle is a client of its own, as that of another process would be. */
export interface Database {
  open(): Promise<Store>;
  /** Called when every handle is closed. */
  drop(): Promise<void>;
}

const EVERY_STORE: Cases = { ...DOCUMENTS, ...FINDING, ...WRITING, ...WATCHING };

export function storeContract(name: string, fresh: () => Promise<Database>): void {
  runCases(`store contract: ${name}`, EVERY_STORE, fresh);
}

/** For stores that several processes write to. */
export function sharedStoreContract(name: string, fresh: () => Promise<Database>): void {
  runCases(`contract of a shared store: ${name}`, SHARING, fresh);
}

function runCases(title: string, cases: Cases, fresh: () => Promise<Database>): void {
  describe(title, () => {
    let database: Database;
    let stores: Store[] = [];
    let harbour: Harbour;
    const open = async () => {
      const store = await database.open();
      stores.push(store);
      return { store, boats: openBoats(store) };
    };
    beforeEach(async () => {
      database = await fresh();
      harbour = { ...(await open()), open };
    });
    afterEach(async () => {
      for (const store of stores) await store.close();
      stores = [];
      await database.drop();
    });
    for (const [name, run] of Object.entries(cases)) test(name, () => run(harbour));
  });
}
