/** What every driver of the store must do, as one table of tests that each driver runs. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import {
  type Collection,
  type Document,
  type ErrorKind,
  isErrorOf,
  put,
  STORE_ERRORS,
  type Store,
  update,
} from '@hedgerow/common';

/** One empty database. Each handle is a client of its own, as that of another process would be. */
export interface Database {
  open(): Promise<Store>;
  /** Called when every handle is closed. */
  drop(): Promise<void>;
}

interface Boat extends Document {
  owner: string;
  crew: number;
  afloat: boolean;
  cargo?: { name: string; crates: number[] };
}

interface Harbour {
  store: Store;
  boats: Collection<Boat>;
  /** another handle on the same database */
  open(): Promise<{ store: Store; boats: Collection<Boat> }>;
}

type Case = (harbour: Harbour) => Promise<void>;

export function storeContract(name: string, fresh: () => Promise<Database>): void {
  describe(`store contract: ${name}`, () => {
    let database: Database;
    let stores: Store[] = [];
    let harbour: Harbour;
    const open = async () => {
      const store = await database.open();
      stores.push(store);
      return { store, boats: store.collection<Boat>('boats', ['owner', 'crew', 'afloat']) };
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
    for (const [title, run] of Object.entries<Case>(CASES)) test(title, () => run(harbour));
  });
}

const boat = (id: string, fields: Partial<Boat> = {}): Omit<Boat, 'revision'> => ({
  id,
  owner: 'ann',
  crew: 1,
  afloat: true,
  ...fields,
});

const CASES: Record<string, Case> = {
  async 'what was inserted is found by its id, at revision 1'({ boats }) {
    const cargo = { name: 'tea & “Käse” 茶 \u0000', crates: [1, 2.5, -3, 2 ** 40] };
    const stored = await boats.insert(boat('a', { cargo }));
    assert.deepEqual(stored, { id: 'a', owner: 'ann', crew: 1, afloat: true, cargo, revision: 1 });
    assert.deepEqual(await boats.get('a'), stored);
  },

  async 'what is not there is null, and an empty list'({ boats }) {
    assert.equal(await boats.get('a'), null);
    assert.deepEqual(await boats.find(), []);
    assert.deepEqual(await boats.find({ owner: 'ann' }), []);
  },

  async 'an id is any text, compared letter by letter'({ boats }) {
    const ids = ['', 'A', 'address/10.30.30.30', 'a', 'a b', "o'neill", 'é', '💧'];
    for (const id of ids) await boats.insert(boat(id));
    for (const id of ids) assert.equal((await boats.get(id))?.id, id);
    assert.equal(await boats.get('%'), null);
  },

  async 'find is in order of id'({ boats }) {
    for (const id of ['b', 'a/2', 'c', 'a/10', 'a']) await boats.insert(boat(id));
    assert.deepEqual(ids(await boats.find()), ['a', 'a/10', 'a/2', 'b', 'c']);
  },

  async 'find filters by equality on every field given'({ boats }) {
    await boats.insert(boat('a', { owner: 'ann', crew: 1 }));
    await boats.insert(boat('b', { owner: 'ann', crew: 2 }));
    await boats.insert(boat('c', { owner: 'bob', crew: 2 }));
    assert.deepEqual(ids(await boats.find({ owner: 'ann' })), ['a', 'b']);
    assert.deepEqual(ids(await boats.find({ crew: 2 })), ['b', 'c']);
    assert.deepEqual(ids(await boats.find({ owner: 'ann', crew: 2 })), ['b']);
    assert.deepEqual(ids(await boats.find({ owner: 'Ann' })), []);
    assert.deepEqual(ids(await boats.find({ owner: "' OR 1=1 --" })), []);
  },

  async 'find tells a number from its text and true from false'({ boats }) {
    await boats.insert(boat('number', { owner: '7', crew: 7 }));
    await boats.insert(boat('sunk', { afloat: false }));
    assert.deepEqual(ids(await boats.find({ owner: '7' })), ['number']);
    assert.deepEqual(ids(await boats.find({ crew: 7 })), ['number']);
    assert.deepEqual(ids(await boats.find({ crew: '7' as unknown as number })), []);
    assert.deepEqual(ids(await boats.find({ afloat: true })), ['number']);
    assert.deepEqual(ids(await boats.find({ afloat: false })), ['sunk']);
  },

  async 'find by what is no index, or by no value, is refused, not answered with everything'({ boats }) {
    await boats.insert(boat('a'));
    const strange = [{ cargo: 'x' }, { owner: undefined }, { "owner' --": 'x' }] as unknown as {
      owner: string;
    }[];
    for (const filter of strange) await assert.rejects(boats.find(filter), TypeError);
  },

  async 'find follows a replaced field'({ boats }) {
    await boats.insert(boat('a', { owner: 'ann' }));
    await boats.replace(boat('a', { owner: 'bob' }), 1);
    assert.deepEqual(ids(await boats.find({ owner: 'ann' })), []);
    assert.deepEqual(ids(await boats.find({ owner: 'bob' })), ['a']);
  },

  async 'a second insert of an id is refused and changes nothing'({ boats }) {
    const first = await boats.insert(boat('a', { owner: 'ann' }));
    await fails(boats.insert(boat('a', { owner: 'bob' })), STORE_ERRORS.STORE_DUPLICATE);
    assert.deepEqual(await boats.get('a'), first);
  },

  async 'replace swaps the whole document when the revision is the stored one'({ boats }) {
    await boats.insert(boat('a', { cargo: { name: 'tea', crates: [] } }));
    const next = await boats.replace(boat('a', { crew: 9 }), 1);
    assert.deepEqual(next, { id: 'a', owner: 'ann', crew: 9, afloat: true, revision: 2 });
    assert.deepEqual(await boats.get('a'), next);
    assert.equal((await boats.replace(boat('a'), 2)).revision, 3);
  },

  async 'replace at another revision, or of what is gone, is stale and changes nothing'({ boats }) {
    await boats.insert(boat('a'));
    const second = await boats.replace(boat('a', { crew: 2 }), 1);
    for (const revision of [0, 1, 3])
      await fails(boats.replace(boat('a', { crew: 99 }), revision), STORE_ERRORS.STORE_STALE);
    await fails(boats.replace(boat('b'), 1), STORE_ERRORS.STORE_STALE);
    assert.deepEqual(await boats.find(), [second]);
  },

  async 'remove tells whether there was something'({ boats }) {
    await boats.insert(boat('a'));
    assert.equal(await boats.remove('b'), false);
    assert.equal(await boats.remove('a', 2), false);
    assert.equal((await boats.get('a'))?.revision, 1);
    assert.equal(await boats.remove('a', 1), true);
    assert.equal(await boats.remove('a'), false);
    assert.equal((await boats.insert(boat('a'))).revision, 1);
  },

  async 'a change of what was given or found does not reach the store'({ boats }) {
    const given = boat('a', { cargo: { name: 'tea', crates: [1] } });
    await boats.insert(given);
    given.cargo?.crates.push(2);
    const found = await boats.get('a');
    found?.cargo?.crates.push(3);
    assert.deepEqual((await boats.get('a'))?.cargo?.crates, [1]);
  },

  async 'collections do not see each other'({ store, boats }) {
    const docks = store.collection<Boat>('docks', []);
    await boats.insert(boat('a'));
    assert.equal(await docks.get('a'), null);
    await docks.insert(boat('a', { owner: 'bob' }));
    await docks.remove('a');
    assert.equal((await boats.get('a'))?.owner, 'ann');
  },

  async 'an index that comes later covers what was there before'({ store }) {
    await store.collection<Boat>('docks', []).insert(boat('a'));
    const docks = store.collection<Boat>('docks', ['owner']);
    assert.deepEqual(ids(await docks.find({ owner: 'ann' })), ['a']);
  },

  async 'everything is there after the handle was closed and opened again'({ store, boats, open }) {
    const stored = await boats.insert(boat('a', { afloat: false, cargo: { name: '茶', crates: [1] } }));
    await store.close();
    const again = await open();
    assert.deepEqual(await again.boats.get('a'), stored);
    assert.deepEqual(ids(await again.boats.find({ afloat: false })), ['a']);
  },

  async 'two handles see each other’s writes at once'({ boats, open }) {
    const other = await open();
    await boats.insert(boat('a'));
    assert.equal((await other.boats.get('a'))?.crew, 1);
    await other.boats.replace(boat('a', { crew: 2 }), 1);
    assert.equal((await boats.get('a'))?.crew, 2);
    await fails(boats.replace(boat('a', { crew: 3 }), 1), STORE_ERRORS.STORE_STALE);
    await boats.remove('a');
    assert.equal(await other.boats.get('a'), null);
  },

  async 'of many who claim the same id at once, one gets it'({ boats, open }) {
    const other = await open();
    const claims = Array.from({ length: 20 }, (_, n) => {
      const handle = n % 2 ? boats : other.boats;
      return handle.insert(boat('address/10.30.30.30', { owner: `claimant${n}` }));
    });
    const results = await Promise.allSettled(claims);
    const won = results.filter(result => result.status === 'fulfilled');
    const lost = results.filter(result => result.status === 'rejected');
    assert.equal(won.length, 1);
    for (const { reason } of lost) assert.ok(isErrorOf(reason, STORE_ERRORS.STORE_DUPLICATE), String(reason));
    assert.equal((await boats.get('address/10.30.30.30'))?.owner, won[0]?.value.owner);
  },

  async 'update loses no change, however many write'({ boats, open }) {
    const other = await open();
    await boats.insert(boat('a', { crew: 0 }));
    const board = (n: number) =>
      update(n % 2 ? boats : other.boats, 'a', current => ({ ...current, crew: current.crew + 1 }));
    await Promise.all(Array.from({ length: 20 }, (_, n) => board(n)));
    const stored = await boats.get('a');
    assert.equal(stored?.crew, 20);
    assert.equal(stored?.revision, 21);
  },

  async 'update leaves alone what the change leaves alone, and knows what is not there'({ boats }) {
    const stored = await boats.insert(boat('a'));
    assert.deepEqual(await update(boats, 'a', () => null), stored);
    assert.equal(await update(boats, 'b', () => assert.fail('there is none')), null);
  },

  async 'put inserts or replaces'({ boats }) {
    assert.equal((await put(boats, boat('a'))).revision, 1);
    assert.equal((await put(boats, boat('a', { crew: 5 }))).revision, 2);
    assert.equal((await boats.get('a'))?.crew, 5);
    await Promise.all(Array.from({ length: 10 }, (_, n) => put(boats, boat('b', { crew: n }))));
    assert.equal((await boats.get('b'))?.revision, 10);
  },

  async 'a handle that is closed fails; it never says that there is nothing'({ store, boats }) {
    await boats.insert(boat('a'));
    await store.close();
    await store.close();
    await fails(boats.get('a'), STORE_ERRORS.STORE_FAILED);
    await fails(boats.find(), STORE_ERRORS.STORE_FAILED);
    await fails(boats.remove('a'), STORE_ERRORS.STORE_FAILED);
  },

  async 'a name that could reach into the query language is refused'({ store }) {
    assert.throws(() => store.collection('boats"; DROP TABLE boats', []), TypeError);
    assert.throws(() => store.collection('', []), TypeError);
  },
};

function ids(documents: Document[]): string[] {
  return documents.map(document => document.id);
}

async function fails(promise: Promise<unknown>, kind: ErrorKind): Promise<void> {
  await assert.rejects(promise, error => {
    assert.ok(isErrorOf(error, kind), `${kind.code} expected, found ${String(error)}`);
    return true;
  });
}
