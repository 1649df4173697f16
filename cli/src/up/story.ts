import { setTimeout as delay } from 'node:timers/promises';
import { HedgerowError } from '@hedgerow/common';
import demo from '@hedgerow/examples/demo.json' with { type: 'json' };
import type { ApiInstance, ApiService } from '@hedgerow/protos';
import type { Client } from '../api/client.ts';
import { untilRunning } from '../api/instances.ts';
import { listContainers } from '../docker/containers.ts';
import { ERRORS } from '../errors.ts';
import { type Column, formatTable } from '../output/table.ts';
import { containerOf, request, tally } from './requests.ts';
import type { Steps } from './steps.ts';

export interface Story {
  client: Client;
  steps: Steps;
  /** of the Docker Engine */
  socket: string;
}

export interface Told {
  services: ApiService[];
  clientContainer: string;
  server: ApiService;
  /** the table of instances and how many requests each answered */
  table: string;
}

const SERVERS = 3;
const RUNNING_MS = 60_000;
const REMOVED_MS = 20_000;
/** Requests per round; with three instances one of them is left out of 30 once in 200,000 times. */
const ROUND = 30;
const ROUNDS = 5;

interface Row {
  service: ApiService;
  instance: ApiInstance;
}

/** Logs in, deploys the example, and asks the service IP until every instance has answered. */
export async function tellStory({ client, steps, socket }: Story): Promise<Told> {
  await steps.run('logged in as Admin', () => client.login('Admin', 'Admin'));
  const made = await steps.run('examples/demo.json deployed: POST /api/application', () => deploy(client));
  const services = await steps.run(
    `1 client and ${SERVERS} servers running: POST /api/service/<id>/instance`,
    () => startAll(client, made),
  );
  const [caller, server] = [named(services, 'curl'), named(services, 'nginx')];
  const clientContainer = await containerOf(socket, caller, first(caller));
  const url = `http://${server.RR_ip}/`;
  const counts = await steps.run(
    `requests to ${server.RR_ip} from inside the client`,
    () => untilAllAnswered(socket, clientContainer, url, server),
    found => `${[...found.values()].reduce((sum, n) => sum + n, 0)} answered`,
  );
  return { services, clientContainer, server, table: tableOf(services, counts) };
}

/** Removes the example, as a person would, and waits until the workers have removed its containers. */
export async function undeploy({ client, steps, socket }: Story, { services }: Told): Promise<void> {
  const applications = new Set(services.map(service => service.applicationID));
  await steps.run('removed again: DELETE /api/application/<id>', async () => {
    for (const id of applications) await client.removeApplication(id);
    for (const service of services) await untilNoContainers(socket, service.job_name);
  });
}

async function untilNoContainers(socket: string, jobName: string): Promise<void> {
  const deadline = performance.now() + REMOVED_MS;
  while ((await listContainers(socket, `hedgerow.job=${jobName}`)).length > 0) {
    if (performance.now() > deadline) throw failed(`containers of ${jobName} are still there`);
    await delay(30);
  }
}

async function deploy(client: Client): Promise<ApiService[]> {
  const made = await client.createApplication(demo);
  return Promise.all(made.flatMap(application => application.microservices).map(id => client.service(id)));
}

async function startAll(client: Client, services: readonly ApiService[]): Promise<ApiService[]> {
  for (const service of services) {
    const count = service.service_name === 'nginx' ? SERVERS : 1;
    for (let n = 0; n < count; n++) await client.addInstance(service.microserviceID);
  }
  const ids = services.map(service => service.microserviceID);
  return untilRunning(client, ids, { timeoutMs: RUNNING_MS });
}

async function untilAllAnswered(
  socket: string,
  container: string,
  url: string,
  server: ApiService,
): Promise<Map<string, number>> {
  const expected = server.instance_list.map(instance => instance.namespace_ip);
  const counts = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [address, count] of tally(await request(socket, container, url, ROUND))) {
      counts.set(address, (counts.get(address) ?? 0) + count);
    }
    if (counts.has('')) throw failed(`${counts.get('')} requests to ${url} had no answer`);
    if (expected.every(address => counts.has(address))) return counts;
  }
  const silent = expected.filter(address => !counts.has(address));
  throw failed(`${silent.join(', ')} answered none of ${ROUND * ROUNDS} requests to ${url}`);
}

function tableOf(services: readonly ApiService[], counts: ReadonlyMap<string, number>): string {
  const rows = services.flatMap(service => service.instance_list.map(instance => ({ service, instance })));
  const columns: Column<Row>[] = [
    { title: 'SERVICE', of: ({ service }) => service.job_name },
    { title: 'INSTANCE', of: ({ instance }) => instance.instance_number },
    { title: 'STATUS', of: ({ instance }) => instance.status },
    { title: 'SERVICE IP', of: ({ service }) => service.RR_ip },
    { title: 'ADDRESS', of: ({ instance }) => instance.namespace_ip },
    { title: 'WORKER', of: ({ instance }) => instance.host_ip },
    { title: 'ANSWERED', of: ({ instance }) => counts.get(instance.namespace_ip) ?? '' },
  ];
  return formatTable(rows, columns);
}

function named(services: readonly ApiService[], name: string): ApiService {
  const found = services.find(service => service.service_name === name);
  if (found) return found;
  throw failed(`the root did not answer with the service ${name}`);
}

function first(service: ApiService): ApiInstance {
  const [instance] = service.instance_list;
  if (instance) return instance;
  throw failed(`${service.job_name} has no instance`);
}

function failed(message: string): HedgerowError {
  return new HedgerowError(ERRORS.UP_FAILED, message);
}
