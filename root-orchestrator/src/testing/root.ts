/** A root's API on a real port, with a recorder in place of what drives instances. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, type Logger, openSqlite, type Store, silentLogger, systemClock } from '@hedgerow/common';
import { MetricRegistry, readiness, storeAnswers } from '@hedgerow/common/metrics';
import { type ApiConfig, createApi } from '../api.ts';
import { secretFiles } from '../auth/secrets.ts';
import { type Collections, openCollections } from '../collections.ts';
import { EventFeed } from '../events/feed.ts';
import { Histories } from '../histories/histories.ts';
import { openPort, type PortLimits } from '../http/port.ts';
import { Mirrors } from '../mirrors/mirrors.ts';
import { AddressBook } from '../network/addresses.ts';
import type { Outputs, Sessions } from '../ports.ts';
import { Changes } from '../services/changes.ts';

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of many shapes, compared by the tests
  body: any;
}

export interface TestRoot {
  url: string;
  collections: Collections;
  requested: string[];
  gone: string[];
  /** clusters that count as connected */
  connected: Set<string>;
  call(method: string, path: string, body?: unknown, token?: string): Promise<Answer>;
  login(name?: string, password?: string): Promise<string>;
  /** a second user with a token, an Application_Provider when not told otherwise */
  addUser(name: string, roles?: string[]): Promise<string>;
  /** every document of every collection */
  dump(): Promise<Record<string, unknown[]>>;
  stop(): Promise<void>;
}

export interface TestRootOptions {
  store?: Store;
  clock?: Clock;
  log?: Logger;
  config?: Partial<ApiConfig & { data: string }>;
  /** how many are kept for readers that come back, and how many may listen */
  events?: { kept?: number; most?: number; mostOfUser?: number };
  outputs?: Outputs;
  port?: Partial<PortLimits>;
}

export async function startTestRoot(options: TestRootOptions = {}): Promise<TestRoot> {
  const data = options.config?.data ?? (await mkdtemp(join(tmpdir(), 'hedgerow-root-')));
  const store = options.store ?? openSqlite({ file: ':memory:', durability: 'normal' });
  const clock = options.clock ?? systemClock;
  const log = options.log ?? silentLogger;
  const collections = openCollections(store);
  const [requested, gone, connected]: [string[], string[], Set<string>] = [[], [], new Set()];
  record(collections, requested, gone);
  const addresses = new AddressBook(collections.claims);
  await addresses.load();
  const deps = { collections, addresses, clock, log };
  const sessions: Sessions = { isConnected: id => connected.has(id) };
  const config = { adminPassword: '', assets: '', accessTokenSeconds: 600, ...options.config };
  const mirrors = new Mirrors(collections, store.shared);
  await mirrors.start();
  const feed = new EventFeed(mirrors, clock, options.events);
  const metrics = new MetricRegistry(log);
  const histories = new Histories({ ...collections, clock, log, metrics, leads: () => true });
  const http = await createApi(config, {
    ...{ mirrors, feed },
    ...{ ...deps, sessions, changes: new Changes(deps) },
    secrets: secretFiles(data),
    forwardToLeader: async () => false,
    outputs: options.outputs ?? unread,
    ...{ histories, metrics, ready: readiness([storeAnswers(clock, store)]) },
  });
  const limits = options.port ?? {};
  const port = await openPort(
    { host: '127.0.0.1', port: 0 },
    { http, http2: s => s.destroy(), clock, limits },
  );
  const url = `http://127.0.0.1:${'port' in port.address ? port.address.port : 0}`;
  const call = caller(url);
  return {
    url,
    collections,
    requested,
    gone,
    connected,
    call,
    login: (name = 'Admin', password = 'Admin') => login(call, name, password),
    async addUser(name, roles = ['Application_Provider']) {
      const password = `password of ${name}`;
      await call('POST', '/api/auth/register', { name, password, roles }, await login(call));
      return login(call, name, password);
    },
    dump: () => dump(collections),
    async stop() {
      feed.stop();
      mirrors.stop();
      await port.close();
      await histories.stop();
      if (!options.store) await store.close();
      if (!options.config?.data) await rm(data, { recursive: true });
    },
  };
}

const unread: Outputs = {
  open() {
    throw new TypeError('no outputs were given to this test');
  },
};

/** What the root that leads would see of the instances, in the order of the writes. */
function record({ instances }: Collections, requested: string[], gone: string[]): void {
  instances.watch((id, instance) => {
    if (instance?.revision === 1) requested.push(id);
    if (instance?.desired === 'gone' && !gone.includes(id)) gone.push(id);
  });
}

type CallFunction = TestRoot['call'];

export function caller(url: string): CallFunction {
  return async (method, path, body, token) => {
    const response = await fetch(url + path, {
      method,
      redirect: 'error',
      headers: {
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parse(text) };
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export async function login(call: CallFunction, username = 'Admin', password = 'Admin'): Promise<string> {
  const { status, body } = await call('POST', '/api/auth/login', { username, password });
  if (status !== 200) throw new Error(`login answered ${status}: ${JSON.stringify(body)}`);
  return body.token;
}

export async function dump(collections: Collections): Promise<Record<string, unknown[]>> {
  const entries = Object.entries(collections).map(async ([name, collection]) => [
    name,
    await collection.find(),
  ]);
  return Object.fromEntries(await Promise.all(entries));
}
