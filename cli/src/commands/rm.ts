import { Command } from 'commander';
import type { Client } from '../api/client.ts';
import { findService, findTarget, fullName, splitInstance } from '../api/names.ts';
import { Unreachable } from '../api/unreachable.ts';
import { type Context, clientOf, example } from './context.ts';

export function rmCommand(context: Context): Command {
  const command = new Command('rm')
    .summary('remove an application, a service or an instance')
    .description(
      'Removes an application with all its services, a service with all its instances, or one instance. What is in a cluster that the root cannot reach runs on until that is back.',
    )
    .argument('<name>', 'application or service (name or id), or SERVICE/NUMBER')
    .action(async (name: string) => {
      const client = clientOf(context, command);
      const [target, clusters] = await Promise.all([find(client, name), client.clusters()]);
      await target.remove();
      const left = leftOf(target.instances, new Unreachable(clusters));
      context.io.err([`removed ${target.name}`, ...left].map(line => `${line}\n`).join(''));
    });
  return example(command, 'hedge rm clientsrvr', 'hedge rm clientsrvr.test.nginx.test/2');
}

interface Removal {
  /** for the person */
  name: string;
  instances: readonly { cluster_id: string }[];
  remove: () => Promise<void>;
}

/** @throws NAME_UNKNOWN, NAME_AMBIGUOUS */
async function find(client: Client, text: string): Promise<Removal> {
  const { name, instance } = splitInstance(text);
  if (instance !== null) return findInstance(client, name, instance);
  const [applications, services] = await Promise.all([client.applications(), client.services()]);
  const target = findTarget(name, applications, services);
  if (target.kind === 'service') {
    const { job_name, microserviceID, instance_list: instances } = target.service;
    return { name: `service ${job_name}`, instances, remove: () => client.removeService(microserviceID) };
  }
  const { applicationID } = target.application;
  const own = services.filter(service => service.applicationID === applicationID);
  return {
    name: `application ${fullName(target.application)}`,
    instances: own.flatMap(({ instance_list }) => instance_list),
    remove: () => client.removeApplication(applicationID),
  };
}

async function findInstance(client: Client, name: string, number: number): Promise<Removal> {
  const service = findService(name, await client.services());
  return {
    name: `instance ${number} of ${service.job_name}`,
    instances: service.instance_list.filter(({ instance_number }) => instance_number === number),
    remove: () => client.removeInstance(service.microserviceID, number),
  };
}

/** A line for each cluster that does not know yet that it has something to remove. */
export function leftOf(instances: Removal['instances'], away: Unreachable): string[] {
  const counts = new Map<string, number>();
  for (const { cluster_id } of instances) {
    const name = away.nameOf(cluster_id);
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(
    ([name, count]) =>
      `${count === 1 ? '1 instance' : `${count} instances`} will be removed when cluster ${name} is back`,
  );
}
