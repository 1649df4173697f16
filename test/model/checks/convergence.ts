/** What is there, set against what should be: in every tier, and in what each keeps on disk. */
import type { Document } from '@hedgerow/common';
import type { Instance } from '@hedgerow/root-orchestrator/testing/parts';
import type { Operator } from '../operator.ts';
import type { WorkerHost } from '../tiers/worker.ts';
import type { Site, World } from '../world.ts';
import { checkOutlived } from './histories.ts';

/** @returns differences, one sentence each; none when everything is as it should be */
export async function differences(world: World, operator: Operator): Promise<string[]> {
  const instances = await world.root.stored.instances.find();
  const found = [
    ...checkWishes(await serviceIds(world), instances, operator),
    ...instances.flatMap(unsettled),
  ];
  if (found.length > 0) return found;
  const settled = await Promise.all([
    checkClaims(world, instances),
    checkRollouts(world),
    world.root.beganFull ? checkOutlived(world) : [],
    ...world.sites.map(site => checkSite(world, site, instances)),
  ]);
  return settled.flat();
}

function checkWishes(
  there: ReadonlySet<string>,
  instances: readonly Instance[],
  { wishes }: Operator,
): string[] {
  return [...wishes].flatMap(([id, { exists, least, most }]) => {
    const of = instances.filter(({ service_id }) => service_id === id);
    if (exists === 'no' && (there.has(id) || of.length > 0))
      return [`service ${id} was removed and is there`];
    if (exists !== 'yes') return [];
    if (!there.has(id)) return [`service ${id} was made and is not there`];
    const { length } = of.filter(({ desired }) => desired === 'run');
    return length < least || length > most
      ? [`service ${id} should have ${least} to ${most} instances and has ${length}`]
      : [];
  });
}

async function serviceIds(world: World): Promise<Set<string>> {
  return new Set((await world.root.stored.services.find()).map(({ id }) => id));
}

function unsettled({ id, desired, status, status_detail, cluster_id }: Instance): string[] {
  if (desired === 'gone') return [`${id} should be gone`];
  const isRight = status === 'RUNNING' || status === 'COMPLETED' || status === 'DEAD';
  return isRight ? [] : [`${id} is ${status}${cluster_id === '' ? ' on no cluster' : ''}: ${status_detail}`];
}

async function checkRollouts(world: World): Promise<string[]> {
  const services = await world.root.stored.services.find();
  return services.flatMap(({ id, rollout }) =>
    rollout?.state === 'rolling' || rollout?.state === 'undoing'
      ? [`update of ${id} is ${rollout.state}`]
      : [],
  );
}

/** Addresses, names and subnets belong to what exists, and to nothing else. */
async function checkClaims(world: World, instances: readonly Instance[]): Promise<string[]> {
  const { claims, intents, services, applications } = world.root.stored;
  const stored = await services.find();
  const holds = world.sites.flatMap(holdsOf);
  const owners = new Set([
    ...stored.map(({ id }) => `service/${id}`),
    ...(await applications.find()).map(({ id }) => `application/${id}`),
    ...instances.map(({ id }) => `instance/${id}`),
    ...holds.map(({ owner }) => owner),
  ]);
  const taken = new Set((await claims.find()).map(({ id }) => id));
  const missing = [...instances.map(i => i.instance_ip), ...stored.map(s => s.service_ip)].filter(
    address => address !== '' && !taken.has(`address/${address}`),
  );
  const claimed = new Map((await claims.find()).map(({ id, owner }) => [id, owner]));
  const strange = holds.filter(({ subnet, owner }) => claimed.get(`subnet/${subnet}`) !== owner);
  const leaked = (await claims.find()).filter(({ owner }) => !owners.has(owner));
  return [
    ...missing.map(address => `address ${address} is in use and not claimed`),
    ...strange.map(({ subnet, owner }) => `subnet ${subnet} is ${owner}'s and not claimed by it`),
    ...leaked.map(({ id, owner }) => `${id} belongs to ${owner}, who does not exist`),
    ...(await intents.find()).map(({ id }) => `change ${id} was not finished`),
  ];
}

/** Of workers, and those in hand for the next ones, by the ids that the root knows them by. */
function holdsOf({ host }: Site): { subnet: string; owner: string }[] {
  const { running } = host;
  if (!running) return [];
  const { state, parts } = running;
  const workers = state.workers.all().filter(({ subnet }) => subnet !== '');
  const holders = [
    ...workers.map(({ id, subnet, subnet_holder }) => ({ subnet, worker_id: subnet_holder || id })),
    ...parts.reserve.holds(),
  ];
  return holders.map(({ subnet, worker_id }) => ({
    subnet,
    owner: `worker/${state.clusterId()}/${worker_id}`,
  }));
}

async function checkSite(world: World, site: Site, all: readonly Instance[]): Promise<string[]> {
  const { running } = site.host;
  if (!running) return [`${site.host.name} does not run`];
  if (!running.parts.link.connected) return [`${site.host.name} is not connected to the root`];
  const known = running.state.instances.all().map(({ id }) => id);
  const own = all.filter(
    it => it.cluster_id === running.state.clusterId() && !isForgotten(world, site, it, new Set(known)),
  );
  const found = compare(`${site.host.name} knows`, own.map(idOf), known);
  for (const worker of site.workers) found.push(...(await checkWorker(world, site, worker, own)));
  return found;
}

/**
 * Of what has ended the root alone may know: when its store was put back, and when the cluster's disk was full as it
 * heard of the end and has forgotten it since.
 */
function isForgotten(
  { root }: World,
  { host }: Site,
  { id, status }: Instance,
  known: ReadonlySet<string>,
): boolean {
  const mayBe = root.wasRestored || host.disk.wasFull;
  return mayBe && (status === 'COMPLETED' || status === 'DEAD') && !known.has(id);
}

async function checkWorker(
  world: World,
  { host }: Site,
  worker: WorkerHost,
  own: readonly Instance[],
): Promise<string[]> {
  const { node } = worker;
  if (!node) return [`${worker.name} does not run`];
  if (host.running?.parts.jobs.liveness.standing(node.workerId()) !== 'live')
    return [`${worker.name} is not live`];
  const mine = own.filter(({ worker_id }) => worker_id === node.workerId());
  const running = mine.filter(({ status }) => status === 'RUNNING');
  const slots = node.slots().map(({ report }) => `${report.service_id}/${report.instance}`);
  const containers = [...worker.dock.containers.values()].map(nameContainer);
  const desired = await worker.disk.raw.collection<Document>('desired', []).find();
  return [
    ...compare(`${worker.name} has`, mine.map(idOf), slots),
    ...compare(`${worker.name} runs`, running.map(nameWanted), containers),
    ...compare(`${worker.name} keeps`, mine.map(nameJob), desired.map(idOf)),
    ...compare(`${worker.name} has attached`, running.map(nameJob), [
      ...worker.kernel.state.attachments.keys(),
    ]),
    ...(await checkMaps(world, worker, mine)),
  ];
}

function nameContainer({
  request,
  state,
  isHeld,
}: {
  request: { deploy: Named };
  state: string;
  isHeld: boolean;
}) {
  const { service_id, instance_number, generation, epoch } = request.deploy;
  return `${service_id}/${instance_number} ${generation}/${epoch} ${state === 'running' && !isHeld ? 'serves' : state}`;
}

interface Named {
  service_id: string;
  instance_number: number;
  generation: number;
  epoch: number;
}

function nameWanted({ service_id, instance_number, generation, epoch }: Instance): string {
  return `${service_id}/${instance_number} ${generation}/${epoch} serves`;
}

function nameJob({ job_name, instance_number }: Instance): string {
  return `${job_name}/${instance_number}`;
}

function idOf({ id }: { id: string }): string {
  return id;
}

/** Whoever hosts an application reaches all of its services, and of each exactly what runs. */
async function checkMaps(world: World, worker: WorkerHost, mine: readonly Instance[]): Promise<string[]> {
  const hosted = new Set(mine.map(({ application_id }) => application_id));
  const services = (await world.root.stored.services.find()).filter(s => hosted.has(s.application_id));
  const instances = await world.root.stored.instances.find();
  const maps = worker.kernel.maps();
  return services.flatMap(({ id, service_ip, job_name }) => {
    const wanted = instances
      .filter(i => i.service_id === id && i.status === 'RUNNING')
      .map(i => i.namespace_ip);
    const led = [...(maps.get(service_ip)?.values() ?? [])].flatMap(addresses => [...addresses]);
    return compare(`${worker.name} is led from ${job_name} to`, wanted, led);
  });
}

function compare(what: string, wanted: readonly string[], there: readonly string[]): string[] {
  const [a, b] = [[...wanted].sort().join(', '), [...there].sort().join(', ')];
  return a === b ? [] : [`${what} [${b}], should be [${a}]`];
}
