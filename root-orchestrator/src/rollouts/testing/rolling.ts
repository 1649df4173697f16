/** A root with one service, its updates under way, and a test in place of the clusters. */
import assert from 'node:assert/strict';
import { openSqlite, silentLogger } from '@hedgerow/common';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import type { ApiService } from '@hedgerow/protos';
import type { Instance } from '../../model.ts';
import { AddressBook } from '../../network/addresses.ts';
import type { ChangesDeps } from '../../services/changes.ts';
import { type FaultyStore, faultyStore } from '../../testing/faulty-store.ts';
import { type Answer, startTestRoot, type TestRoot } from '../../testing/root.ts';
import { microservice, sla } from '../../testing/slas.ts';
import { RETRIES, SETTLE } from '../decide.ts';
import { Rollouts } from '../rollouts.ts';

/** ms that a change may be waited for */
const PATIENCE = 5000;

interface Parts {
  root: TestRoot;
  store: FaultyStore;
  clock: ManualClock;
  token: string;
  id: string;
  deps: ChangesDeps;
}

export async function startRolling(): Promise<Rolling> {
  const store = faultyStore(openSqlite({ file: ':memory:', durability: 'normal' }));
  const clock = manualClock();
  const root = await startTestRoot({ store, clock });
  const token = await root.login();
  const made = await root.call('POST', '/api/application', sla('shop', microservice('web')), token);
  const { collections } = root;
  const addresses = new AddressBook(collections.claims);
  await addresses.load();
  const deps = { collections, addresses, clock, log: silentLogger };
  const rolling = new Rolling({ root, store, clock, token, deps, id: made.body[0].microservices[0] });
  await rolling.again();
  return rolling;
}

export class Rolling {
  readonly root: TestRoot;
  readonly store: FaultyStore;
  readonly clock: ManualClock;
  readonly token: string;
  /** of the service */
  readonly id: string;
  readonly #deps: ChangesDeps;
  #rollouts: Rollouts | null = null;

  constructor({ root, store, clock, token, id, deps }: Parts) {
    this.root = root;
    this.store = store;
    this.clock = clock;
    this.token = token;
    this.id = id;
    this.#deps = deps;
  }

  /** As another process would go on. */
  async again(): Promise<void> {
    await this.halt();
    this.#rollouts = new Rollouts(this.#deps);
    await this.#rollouts.start();
  }

  async halt(): Promise<void> {
    await this.#rollouts?.stop();
    this.#rollouts = null;
  }

  async stop(): Promise<void> {
    await this.halt();
    await this.root.stop();
    await this.store.close();
  }

  all(): Promise<Instance[]> {
    return this.root.collections.instances.find({ service_id: this.id });
  }

  put(body: object): Promise<Answer> {
    return this.root.call('PUT', `/api/service/${this.id}`, body, this.token);
  }

  remove(number: number): Promise<Answer> {
    return this.root.call('DELETE', `/api/service/${this.id}/instance/${number}`, undefined, this.token);
  }

  async shown(): Promise<ApiService> {
    return (await this.root.call('GET', `/api/service/${this.id}`, undefined, this.token)).body;
  }

  async set(number: number, fields: Partial<Instance>): Promise<void> {
    const { instances } = this.root.collections;
    const instance = await instances.get(`${this.id}/${number}`);
    assert.ok(instance, `instance ${number}`);
    await instances.replace({ ...instance, ...fields }, instance.revision);
  }

  runs(number: number): Promise<void> {
    return this.set(number, { status: 'RUNNING', cluster_id: 'c', status_detail: '' });
  }

  async addRunning(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      const path = `/api/service/${this.id}/instance`;
      await this.runs((await this.root.call('POST', path, undefined, this.token)).body.instance_number);
    }
  }

  /** Instances that are wanted as `number:generation`, or with `<old` when they were to take an old one's place. */
  async wanted(): Promise<string> {
    const left = (await this.all()).filter(({ desired }) => desired === 'run');
    return left
      .sort((a, b) => a.instance_number - b.instance_number)
      .map(i => `${i.instance_number}:${i.generation}${i.replaces === undefined ? '' : `<${i.replaces}`}`)
      .join(' ');
  }

  becomes(expected: string): Promise<void> {
    return until(
      () => this.wanted(),
      found => found === expected,
      expected,
    );
  }

  /** @param expected `<state> <image>: <detail>` */
  becomesState(expected: RegExp): Promise<void> {
    const state = async () => {
      const { rollout, code } = await this.shown();
      return `${rollout?.state} ${code}: ${rollout?.detail}`;
    };
    return until(state, found => expected.test(found), String(expected));
  }

  /** It fails, and its worker's tries do not help. */
  async fails(number: number, fields: Partial<Instance>): Promise<void> {
    await this.set(number, fields);
    await quiet();
    this.clock.advance(RETRIES);
  }

  /** The new one runs and goes on running. */
  async settles(number: number): Promise<void> {
    await this.runs(number);
    await quiet();
    this.clock.advance(SETTLE);
  }
}

/** Whatever was to be done about the last change is done: the store in memory answers within a turn. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(resolve => setImmediate(resolve));
}

async function until(
  look: () => Promise<string>,
  isWanted: (found: string) => boolean,
  expected: string,
): Promise<void> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (isWanted(found)) return;
    assert.ok(performance.now() < end, `it stays ${found}, not ${expected}`);
    await new Promise(resolve => setImmediate(resolve));
  }
}
