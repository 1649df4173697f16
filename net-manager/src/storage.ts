/** What a restarted process must know: what it was told, and the kernel settings that it found. */
import {
  type Collection,
  type Document,
  isErrorOf,
  type Logger,
  messageOf,
  openSqlite,
  put,
  STORE_ERRORS,
  type Store,
} from '@hedgerow/common';
import type { NetRegistration, TableEntry } from '@hedgerow/protos';
import type { RulesMemory } from './kernel/datapath.ts';
import type { LoadedRules } from './kernel/observe.ts';
import type { ServiceChanges } from './table/directory.ts';
import { type Service, serviceOf } from './table/services.ts';
import type { Attachment, NetState } from './table/state.ts';

interface Fact<T> extends Document {
  value: T;
}

/** What the disk has while it is behind, and the services that it has not. */
interface Behind {
  state: NetState;
  services: ServiceChanges;
}

/**
 * Traffic does not depend on the disk, so what cannot be stored for a while is kept in memory and stored with the next
 * change or comparison that finds room; but for what must not be forgotten.
 */
export class Storage implements RulesMemory {
  readonly #store: Store;
  readonly #log: Logger;
  #behind: Behind | null = null;
  /** by what it is about */
  readonly #late = new Map<string, () => Promise<unknown>>();
  readonly #registration: Collection<Fact<NetRegistration>>;
  readonly #attachments: Collection<Fact<Attachment>>;
  readonly #entries: Collection<Fact<TableEntry>>;
  readonly #freed: Collection<Fact<readonly string[]>>;
  readonly #rules: Collection<Fact<LoadedRules>>;
  readonly #sysctls: Collection<Fact<string>>;

  constructor(store: Store, log: Logger) {
    this.#store = store;
    this.#log = log;
    this.#registration = store.collection('registration', []);
    this.#attachments = store.collection('attachments', []);
    this.#entries = store.collection('entries', []);
    this.#freed = store.collection('freed', []);
    this.#rules = store.collection('rules', []);
    this.#sysctls = store.collection('sysctls', []);
  }

  async state(): Promise<NetState> {
    return {
      registration: (await this.#registration.get(ONLY))?.value ?? null,
      attachments: await mapOf(this.#attachments),
      freed: (await this.#freed.get(ONLY))?.value ?? [],
    };
  }

  async services(): Promise<Service[]> {
    return (await this.#entries.find()).map(({ value }) => serviceOf(value));
  }

  /** What must be on the disk before anybody hears of it. @throws STORE_FULL, STORE_FAILED */
  async save(before: NetState, after: NetState, services: ServiceChanges = new Map()): Promise<void> {
    const base = this.#behind?.state ?? before;
    await this.#write(base, after, new Map([...(this.#behind?.services ?? []), ...services]));
    for (const [about, write] of this.#late) {
      await write();
      this.#late.delete(about);
    }
    if (this.#behind) this.#log.info({}, 'what could not be stored is stored');
    this.#behind = null;
  }

  /** The same of what may come later. */
  async saveOrKeep(before: NetState, after: NetState, services: ServiceChanges = new Map()): Promise<void> {
    try {
      await this.save(before, after, services);
    } catch (error) {
      if (!isDisk(error)) throw error;
      if (!this.#behind) this.#log.error({ reason: messageOf(error) }, 'not stored; kept in memory');
      const unstored = new Map([...(this.#behind?.services ?? []), ...services]);
      this.#behind = { state: this.#behind?.state ?? before, services: unstored };
    }
  }

  /** Writes what differs. Given back addresses come first: at worst one is listed that is in use, and passed over. */
  async #write(before: NetState, after: NetState, services: ServiceChanges): Promise<void> {
    if (before.freed !== after.freed) await put(this.#freed, fact(ONLY, after.freed));
    await saveMap(this.#attachments, before.attachments, after.attachments);
    for (const [jobName, service] of services) {
      if (service) await put(this.#entries, fact(jobName, service.entry));
      else await this.#entries.remove(jobName);
    }
    if (before.registration === after.registration) return;
    if (after.registration) await put(this.#registration, fact(ONLY, after.registration));
    else await this.#registration.remove(ONLY);
  }

  /** A write that nobody depends on before the next start. */
  async #orLater(about: string, write: () => Promise<unknown>): Promise<void> {
    this.#late.delete(about);
    try {
      await write();
    } catch (error) {
      if (!isDisk(error)) throw error;
      this.#late.set(about, write);
    }
  }

  async loadRules(): Promise<LoadedRules | null> {
    return (await this.#rules.get(ONLY))?.value ?? null;
  }

  async saveRules(rules: LoadedRules): Promise<void> {
    await this.#orLater('rules', () => put(this.#rules, fact(ONLY, rules)));
  }

  /** @returns what was found before we changed it first, by name */
  async sysctls(): Promise<ReadonlyMap<string, string>> {
    return mapOf(this.#sysctls);
  }

  async rememberSysctl(name: string, value: string): Promise<void> {
    await this.#orLater(name, () => put(this.#sysctls, fact(name, value)));
  }

  async forgetSysctl(name: string): Promise<void> {
    await this.#sysctls.remove(name);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

const ONLY = 'current';

/** @param data directory, or ':memory:' */
export function openStorage(data: string, log: Logger): Storage {
  const file = data === ':memory:' ? data : `${data}/net.sqlite`;
  return new Storage(openSqlite({ file, durability: 'normal' }), log);
}

function isDisk(error: unknown): boolean {
  return isErrorOf(error, STORE_ERRORS.STORE_FULL) || isErrorOf(error, STORE_ERRORS.STORE_FAILED);
}

function fact<T>(id: string, value: T): { id: string; value: T } {
  return { id, value };
}

async function mapOf<T>(collection: Collection<Fact<T>>): Promise<Map<string, T>> {
  return new Map((await collection.find()).map(({ id, value }) => [id, value]));
}

async function saveMap<V>(
  collection: Collection<Fact<V>>,
  before: ReadonlyMap<string, V>,
  after: ReadonlyMap<string, V>,
): Promise<void> {
  if (before === after) return;
  for (const key of before.keys()) if (!after.has(key)) await collection.remove(key);
  for (const [key, value] of after) {
    if (before.get(key) !== value) await put(collection, fact(key, value));
  }
}
