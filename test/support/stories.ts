/** Steps that several stories share. */
import { dockerJson, listContainers, type ServiceAnswer, tally, untilRunning } from '@hedgerow/cli';
import type { ApiInstance, ApiService, Microservice } from '@hedgerow/protos';
import { eventually } from './eventually.ts';
import type { TestFleet } from './fleet.ts';
import { clusterMetrics } from './metric-pages.ts';

/** A microservice of the demo's image; 32 MiB, no reservation of cores. */
export function microservice(name: string, extra: Partial<Microservice> = {}): Microservice {
  return {
    microservice_name: name,
    microservice_namespace: 'test',
    virtualization: 'container',
    code: 'hedgerow/demo:1',
    memory: 32,
    vcpus: 0,
    ...extra,
  };
}

/** Sleeps for ever: a place to send requests from. */
export const SLEEP = ['sh', '-c', 'tail -f /dev/null'];

export function descriptor(application: string, microservices: Microservice[]) {
  return {
    sla_version: 'v2.0',
    customerID: 'Admin',
    applications: [
      { application_name: application, application_namespace: 'test', application_desc: '', microservices },
    ],
  };
}

/** Stores a descriptor's one application. @returns its services by name */
export async function register(fleet: TestFleet, sla: unknown): Promise<Map<string, ApiService>> {
  const made = await fleet.client.createApplication(sla);
  const ids = made.flatMap(application => application.microservices);
  const services = await Promise.all(ids.map(id => fleet.client.service(id)));
  return new Map(services.map(service => [service.service_name, service]));
}

/** Starts so many instances and waits until they run. @returns the service as it is then */
export async function scale(fleet: TestFleet, service: ApiService, count: number): Promise<ApiService> {
  for (let n = 0; n < count; n++) await fleet.client.addInstance(service.microserviceID);
  const [running] = await untilRunning(fleet.client, [service.microserviceID], {
    timeoutMs: 60_000,
  });
  return running as ApiService;
}

/** A client that does nothing by itself, and servers of the demo to ask from it. @param extra of their descriptions */
export async function clientAndServers(
  fleet: TestFleet,
  application: string,
  servers: number,
  extra: { client?: Partial<Microservice>; server?: Partial<Microservice> } = {},
): Promise<{ server: ApiService; caller: Caller }> {
  const client = microservice('client', { cmd: SLEEP, ...extra.client });
  const sla = descriptor(application, [client, microservice('server', extra.server)]);
  const services = await register(fleet, sla);
  const service = await scale(fleet, services.get('client') as ApiService, 1);
  const server = await scale(fleet, services.get('server') as ApiService, servers);
  return { server, caller: { service, instance: service.instance_list[0] as ApiInstance } };
}

/** Where requests are sent from. */
export interface Caller {
  service: ApiService;
  instance: ApiInstance;
}

/** Every container with its process and when that was started: equal lists mean that nothing was started again. */
export async function processes(fleet: TestFleet): Promise<string[]> {
  const { socket } = fleet.engine;
  const containers = await listContainers(socket, '');
  const inspected = await Promise.all(
    containers.map(({ Id }) =>
      dockerJson<Inspected>(socket, { method: 'GET', path: `/containers/${Id}/json` }),
    ),
  );
  return inspected.map(({ Id, State }) => `${Id} ${State.Pid} ${State.StartedAt}`).sort();
}

interface Inspected {
  Id: string;
  State: { Pid: number; StartedAt: string };
}

/** How many requests each instance answered, by instance number; `lost` counts those that nobody answered. */
export function shares(service: ApiService, answers: readonly ServiceAnswer[]) {
  const counts = tally(answers);
  const byInstance = service.instance_list.map(instance => counts.get(instance.namespace_ip) ?? 0);
  return { byInstance, lost: counts.get('') ?? 0 };
}

/** Only there. */
export function on(worker: string, cluster = 'demo'): Pick<Microservice, 'constraints'> {
  return { constraints: [{ type: 'direct', node: worker, cluster }] };
}

/** Waits until every instance of a service is in the wanted state. */
export function untilStatus(
  fleet: TestFleet,
  service: ApiService,
  wanted: string,
  timeout = 30_000,
): Promise<ApiService> {
  return eventually(
    `${service.service_name} is ${wanted}`,
    () => fleet.client.service(service.microserviceID),
    ({ instance_list: all }) => all.length > 0 && all.every(({ status }) => status === wanted),
    { timeout },
  );
}

/** A cluster that has just come up knows its workers from its store; until it has heard of each, it waits for it. */
export async function untilLive(fleet: TestFleet): Promise<void> {
  const live = async () => {
    const page = await clusterMetrics(fleet);
    return Number(/^hedgerow_cluster_workers\{state="live".*\} (\d+)$/m.exec(page)?.[1]);
  };
  const all = fleet.workers.size;
  await eventually('every worker is live', live, count => count === all, { timeout: 30_000 });
}
