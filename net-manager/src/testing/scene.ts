/** Two workers for tests: the network namespace of the test file is A, a process in another one is B. */
import type { TestContext } from 'node:test';
import { silentLogger, systemClock } from '@hedgerow/common';
import { httpNetManager, type NetManager, type TableEntry } from '@hedgerow/protos';
import { startNetManager } from '../app.ts';
import { teardown } from '../teardown.ts';
import { type Agent, agent, folder, kernel, netManager, sh } from './namespace.ts';
import { entry, instance, WORKER_A, WORKER_B } from './table.ts';

const DEPS = { clock: systemClock, log: silentLogger };
export const WEB = 'shop.prod.web.prod';
export const API = 'shop.prod.api.prod';
export const CALLER = 'shop.prod.caller.prod';

async function startA(data: string) {
  return startNetManager({ listen: '', data, reconcileEvery: 0 }, DEPS);
}

interface World {
  a: NetManager;
  b: NetManager;
  restartA(): Promise<NetManager>;
  restartB(): Promise<void>;
}

/** Two registered workers on one wire (192.168.77.0/24). */
async function world(t: TestContext): Promise<World> {
  const data = folder();
  let running = await startA(`${data}/a`);
  t.after(async () => {
    await running.stop();
    await teardown(`${data}/a`, DEPS);
    sh('ip link del wire');
  });
  const args = ['--listen', `unix:${data}/b.sock`, '--data', `${data}/b`, '--reconcile-every', '0'];
  let other = await netManager(t, 'fresh', args);
  const keeper = await agent(t, 'keeper of the namespace', other.pid);
  sh(`ip link add wire type veth peer name wire netns ${other.pid}`);
  for (const [pid, address] of [
    [undefined, '192.168.77.1'],
    [other.pid, '192.168.77.2'],
  ] as const) {
    sh('ip link set lo up', pid);
    sh(`ip address add ${address}/24 dev wire`, pid);
    sh('ip link set wire up', pid);
  }
  const b = httpNetManager(`unix:${data}/b.sock`);
  t.after(() => b.close());
  await running.net.register(WORKER_A);
  await b.register(WORKER_B);
  return {
    a: running.net,
    b,
    async restartA() {
      await running.stop();
      running = await startA(`${data}/a`);
      return running.net;
    },
    async restartB() {
      await other.end('SIGKILL');
      other = await netManager(t, keeper.pid, args);
    },
  };
}

export async function attach(
  net: NetManager,
  who: Agent,
  job: string,
  number: number,
  ports = '',
): Promise<string> {
  const request = { pid: who.pid, serviceName: job, instanceNumber: number, portMappings: ports };
  return (await net.attach(request)).nsAddress;
}

/** Both workers get the table, the callee's first. */
export async function tell({ a, b }: Pick<World, 'a' | 'b'>, entries: TableEntry[]): Promise<void> {
  await b.setTable(entries);
  await a.setTable(entries);
}

export interface Scene {
  it: World;
  caller: Agent;
  one: Agent;
  two: Agent;
  three: Agent;
  api1: Agent;
  api2: Agent;
  /** of the containers, by the agents' names */
  addresses: { caller: string; one: string; two: string; three: string; api1: string; api2: string };
  web: TableEntry;
  api: TableEntry;
  callers: TableEntry;
  table: TableEntry[];
  /** containers made with it last until the end */
  home: TestContext;
  /** the namespace of worker A before anything was attached */
  fresh: string;
}

/** On A: caller, one of three of `web`, one of two of `api`; the others on B. */
export async function scene(t: TestContext): Promise<Scene> {
  const it = await world(t);
  const [caller, one, two, three, api1, api2] = (await Promise.all(
    ['caller', 'one', 'two', 'three', 'api1', 'api2'].map(name => agent(t, name)),
  )) as [Agent, Agent, Agent, Agent, Agent, Agent];
  const fresh = kernel();
  const addresses = {
    caller: await attach(it.a, caller, CALLER, 0),
    one: await attach(it.a, one, WEB, 0),
    two: await attach(it.b, two, WEB, 1),
    three: await attach(it.b, three, WEB, 2),
    api1: await attach(it.a, api1, API, 0),
    api2: await attach(it.b, api2, API, 1),
  };
  for (const server of [one, two, three, api1, api2]) await server.serve(80);
  const entries = entriesOf(addresses);
  const table = [entries.web, entries.api, entries.callers];
  await tell(it, table);
  return { it, caller, one, two, three, api1, api2, addresses, ...entries, table, home: t, fresh };
}

function entriesOf(at: Scene['addresses']): Pick<Scene, 'web' | 'api' | 'callers'> {
  return {
    web: entry(WEB, '10.30.30.30', [
      instance(WORKER_A, 0, at.one, '10.30.0.10'),
      instance(WORKER_B, 1, at.two, '10.30.0.11'),
      instance(WORKER_B, 2, at.three, '10.30.0.12'),
    ]),
    api: entry(API, '10.30.30.40', [
      instance(WORKER_A, 0, at.api1, '10.30.0.20'),
      instance(WORKER_B, 1, at.api2, '10.30.0.21'),
    ]),
    callers: entry(CALLER, '10.30.30.50', [instance(WORKER_A, 0, at.caller, '10.30.0.30')]),
  };
}
