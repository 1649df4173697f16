import type { Clock } from '@hedgerow/common';
import {
  DOWN,
  type FromCluster,
  type TableEntry,
  type TableQueryPayload,
  toTableResult,
} from '@hedgerow/protos';
import type { Downlink } from '../mqtt/downlink.ts';
import type { Tables } from './tables.ts';

export interface QueriesDeps {
  tables: Tables;
  downlink: Downlink;
  clock: Clock;
  /** @returns whether the root will get it */
  send(message: FromCluster): boolean;
}

/** ms that the root has to answer; then the worker is told that nobody is known */
const ROOT_ANSWERS_IN = 5000;
/** Questions of one worker that wait for the root; it asks for what its instances call, one after the other. */
const MOST_OF_WORKER = 64;

interface Pending {
  query: TableQueryPayload;
  workers: Set<string>;
  cancel: () => void;
}

/** Questions of workers: answered from the table, or from the root when the service runs in other clusters only. */
export class Queries {
  readonly #deps: QueriesDeps;
  readonly #pending = new Map<string, Pending>();

  constructor(deps: QueriesDeps) {
    this.#deps = deps;
  }

  ask(workerId: string, query: TableQueryPayload): void {
    const known = this.#deps.tables.find(query);
    const pending = this.#pending.get(keyOf(query));
    if (known) this.#answer(workerId, query, known);
    else if (this.#countOf(workerId) >= MOST_OF_WORKER) this.#answer(workerId, query, nobody(query));
    else if (pending) pending.workers.add(workerId);
    else this.#askRoot(workerId, query);
  }

  #countOf(workerId: string): number {
    return [...this.#pending.values()].filter(({ workers }) => workers.has(workerId)).length;
  }

  /** @returns whether somebody had asked for it */
  answered(entry: TableEntry): boolean {
    const matching = [...this.#pending.values()].filter(({ query }) => answers(entry, query));
    for (const pending of matching) this.#settle(pending, entry);
    return matching.length > 0;
  }

  stop(): void {
    for (const pending of this.#pending.values()) pending.cancel();
    this.#pending.clear();
  }

  #askRoot(workerId: string, query: TableQueryPayload): void {
    if (!this.#deps.send({ table_query: { service_ip: query.sip, job_name: query.sname } })) {
      this.#answer(workerId, query, nobody(query));
      return;
    }
    const pending: Pending = { query, workers: new Set([workerId]), cancel: () => {} };
    pending.cancel = this.#deps.clock.after(ROOT_ANSWERS_IN, () => this.#settle(pending, nobody(query)));
    this.#pending.set(keyOf(query), pending);
  }

  #settle(pending: Pending, entry: TableEntry): void {
    pending.cancel();
    this.#pending.delete(keyOf(pending.query));
    for (const workerId of pending.workers) this.#answer(workerId, pending.query, entry);
  }

  #answer(workerId: string, query: TableQueryPayload, entry: TableEntry): void {
    const key = query.sip === '' ? query.sname : query.sip;
    void this.#deps.downlink.send(workerId, DOWN.tableResult, toTableResult(entry, key));
  }
}

function keyOf(query: TableQueryPayload): string {
  return `${query.sname} ${query.sip}`;
}

function answers(entry: TableEntry, query: TableQueryPayload): boolean {
  if (query.sname !== '' && entry.job_name === query.sname) return true;
  if (query.sip === '') return false;
  return entry.service_ip === query.sip || entry.instances.some(i => i.instance_ip === query.sip);
}

function nobody(query: TableQueryPayload): TableEntry {
  return { job_name: query.sname, application_id: '', service_ip: query.sip, instances: [], removed: false };
}
