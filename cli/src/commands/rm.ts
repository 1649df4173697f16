import { Command } from 'commander';
import type { Client } from '../api/client.ts';
import { findService, findTarget, fullName, splitInstance } from '../api/names.ts';
import { type Context, clientOf, example } from './context.ts';

export function rmCommand(context: Context): Command {
  const command = new Command('rm')
    .summary('remove an application, a service or an instance')
    .description(
      'Removes an application with all its services, a service with all its instances, or one instance.',
    )
    .argument('<name>', 'application or service (name or id), or SERVICE/NUMBER')
    .action(async (name: string) => {
      const removed = await remove(clientOf(context, command), name);
      context.io.err(`removed ${removed}\n`);
    });
  return example(command, 'hedge rm clientsrvr', 'hedge rm clientsrvr.test.nginx.test/2');
}

/** @returns what it was, for the person */
async function remove(client: Client, text: string): Promise<string> {
  const { name, instance } = splitInstance(text);
  if (instance !== null) {
    const service = findService(name, await client.services());
    await client.removeInstance(service.microserviceID, instance);
    return `instance ${instance} of ${service.job_name}`;
  }
  const [applications, services] = await Promise.all([client.applications(), client.services()]);
  const target = findTarget(name, applications, services);
  if (target.kind === 'service') {
    await client.removeService(target.service.microserviceID);
    return `service ${target.service.job_name}`;
  }
  await client.removeApplication(target.application.applicationID);
  return `application ${fullName(target.application)}`;
}
