/** What a fleet has of applications, at every tier; nothing of it may be left when they are gone. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { listContainers, ProgramError } from '@hedgerow/cli';
import { eventually } from './eventually.ts';
import type { TestFleet } from './fleet.ts';
import { metricPages } from './metric-pages.ts';
import { execInNamespace, kernelState } from './netns.ts';
import { differences, type Snapshot } from './snapshot.ts';
import { dumpStore } from './stores.ts';

/** Where things stay: what the root knows of users and sessions, and what the tiers know of themselves. */
const OF_APPLICATIONS: Record<string, readonly string[]> = {
  'root/root.sqlite': ['applications', 'services', 'instances', 'claims', 'intents', 'histories'],
  'cluster/cluster.sqlite': ['instances', 'remote_entries', 'workers'],
  'second/cluster.sqlite': ['instances', 'remote_entries', 'workers'],
};
/** Container addresses and service IPs. */
const OURS = /=10\.(?:1[89]|2\d|30)\./;
/** Elements that end by themselves: who has sent to addresses that nobody owns. */
const COUNTED = /^nft .*\d (?:counter|limit rate)/;

/** Of a fleet that has just come up: what `assertNoLeaks` compares with. */
export async function fleetState(fleet: TestFleet): Promise<Snapshot> {
  const stores = Object.entries(OF_APPLICATIONS).flatMap(([file, tables]) => {
    const path = join(fleet.run.dir, file);
    const dump = existsSync(path) ? dumpStore(path) : {};
    return tables.map(table => [`${file} ${table}`, dump[table] ?? []] as const);
  });
  const workers = [...fleet.workers.values()].map(async ({ name, namespace }) => ({
    [`${name} kernel`]: (await kernelState(namespace)).filter(line => !COUNTED.test(line)),
    [`${name} flows`]: await flows(namespace),
    [`${name} holds`]: holds(join(fleet.run.dir, name)),
    [`${name} desired`]: dumpStore(join(fleet.run.dir, name, 'node.sqlite')).desired ?? [],
  }));
  const containers = await listContainers(fleet.engine.socket, '');
  return Object.assign(
    Object.fromEntries(stores),
    { containers: containers.map(({ Names }) => Names.join()), leaks: await reportedLeaks(fleet) },
    ...(await Promise.all(workers)),
  );
}

/** Removes every application. @throws when the fleet is not, some seconds later, as it was `before` */
export async function assertNoLeaks(fleet: TestFleet, before: Snapshot): Promise<void> {
  for (const { applicationID } of await fleet.client.applications())
    await fleet.client.removeApplication(applicationID);
  await eventually(
    'nothing is left of applications',
    async () => differences(before, await fleetState(fleet)),
    found => found.length === 0,
    { timeout: 20_000, every: 100 },
  );
}

/** Connections of containers that the kernel keeps in mind. Their ends may take minutes: only those to be used count. */
async function flows(namespace: string): Promise<string[]> {
  const listed = await execInNamespace(namespace, 'conntrack', '-L').catch((error: unknown) => {
    if (error instanceof ProgramError) return '';
    throw error;
  });
  return listed.split('\n').filter(line => OURS.test(line) && !/TIME_WAIT|CLOSE/.test(line));
}

/** FIFOs that containers wait at; spare ones begin with a dot. */
function holds(data: string): string[] {
  const folder = join(data, 'hold');
  return existsSync(folder) ? readdirSync(folder).filter(name => !name.startsWith('.')) : [];
}

/** What the tiers' own sweeps have found. */
async function reportedLeaks(fleet: TestFleet): Promise<string[]> {
  const lines = (await metricPages(fleet)).flatMap(page => page.split('\n'));
  return lines.filter(line => /^hedgerow_\w*leak\w*.* [^0]/.test(line));
}
