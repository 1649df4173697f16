/** Clients who go while the root still finds out who they are. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { afterEach, beforeEach, test } from 'node:test';
import { type Collection, type Document, type Logger, openSqlite, type Store } from '@hedgerow/common';
import { Listener } from '../testing/event-listener.ts';
import { startTestRoot, type TestRoot } from '../testing/root.ts';
import { microservice, sla } from '../testing/slas.ts';

let root: TestRoot;
let store: Store;
let token: string;
let [asked, answered]: (() => void)[] = [];
/** what reading a user waits for */
let gate: Promise<void>;
/** outputs that are being read */
let outputs: number;

beforeEach(async () => {
  store = openSqlite({ file: ':memory:', durability: 'normal' });
  outputs = 0;
  gate = Promise.resolve();
  root = await startTestRoot({
    store: slow(store),
    events: { most: 1 },
    log: { ...quiet, info: (_, message) => message === 'request answered' && answered?.() },
    outputs: {
      open() {
        outputs += 1;
        return () => {
          outputs -= 1;
        };
      },
    },
  });
  token = await root.login();
});
afterEach(async () => {
  await root.stop();
  await store.close();
});

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };

function slow(inner: Store): Store {
  return {
    ...inner,
    collection<T extends Document>(name: string, indexes: readonly (keyof T & string)[]): Collection<T> {
      const collection = inner.collection<T>(name, indexes);
      if (name !== 'users') return collection;
      return {
        ...collection,
        find: (filter, page) => collection.find(filter, page),
        insert: document => collection.insert(document),
        replace: (document, revision) => collection.replace(document, revision),
        async get(id) {
          asked?.();
          await gate;
          return collection.get(id);
        },
      } as Collection<T>;
    },
  };
}

/** Asks, and goes before the root knows who it is; resolves when the root has heard of it and is done. */
async function askAndGo(path: string): Promise<void> {
  const [open, known, heard] = [0, 1, 2].map(() => Promise.withResolvers<void>());
  assert.ok(open && known && heard);
  [gate, asked, answered] = [open.promise, known.resolve, heard.resolve];
  const call = request(root.url + path, { agent: false, headers: { Authorization: `Bearer ${token}` } });
  const failed = once(call.end(), 'error');
  await known.promise;
  call.destroy(new Error('gone'));
  await Promise.all([failed, heard.promise]);
  open.resolve();
  // It passes the gate behind the one that is gone.
  assert.equal((await root.call('GET', '/api/applications', undefined, token)).status, 200);
}

test('one who wanted events leaves the place to others', async () => {
  await askAndGo('/api/events');
  const listener = await Listener.open(root.url, token);
  listener.close();
});

test('one who wanted an output has none read for him', async () => {
  const made = await root.call('POST', '/api/application', sla('shop', microservice('web')), token);
  const service = `/api/service/${made.body[0].microservices[0]}`;
  await root.call('POST', `${service}/instance`, undefined, token);
  await askAndGo(`${service}/instance/0/logs?follow`);
  assert.equal(outputs, 0);
});
