import { HedgerowError } from '@hedgerow/common';
import type { ApiService } from '@hedgerow/protos';
import { Command, Option } from 'commander';
import type { Client } from '../api/client.ts';
import { untilRunning } from '../api/instances.ts';
import { findService } from '../api/names.ts';
import { ERRORS } from '../errors.ts';
import { wholeNumber } from './arguments.ts';
import { type Context, clientOf, example, listing } from './context.ts';
import { tellChanges } from './progress.ts';
import { instanceRows, printInstances } from './ps.ts';

interface Options {
  wait: boolean;
  timeout: number;
}

export function scaleCommand(context: Context): Command {
  const command = listing(new Command('scale'))
    .summary('set the number of instances of a service')
    .description(
      'Adds instances, or removes those with the highest numbers, until a service has as many as asked for.',
    )
    .argument('<service>', 'service: name or id')
    .argument('<n>', 'instances', wholeNumber(0, 1000))
    .option('--no-wait', 'do not wait until it is so')
    .addOption(new Option('--timeout <s>', 'seconds to wait').default(120).argParser(wholeNumber(1, 86_400)))
    .action(async (name: string, count: number, options: Options) => {
      const client = clientOf(context, command);
      const service = findService(name, await client.services());
      await change(client, service, count);
      if (options.wait) {
        const onChange = tellChanges(context.io, [service]);
        const timeoutMs = options.timeout * 1000;
        await untilRunning(client, [service.microserviceID], { timeoutMs, onChange });
      }
      const now = await client.service(service.microserviceID);
      printInstances(context, command, instanceRows(now));
      checkCount(now, count);
    });
  return example(
    command,
    'hedge scale clientsrvr.test.nginx.test 3',
    'hedge scale clientsrvr.test.nginx.test 0',
  );
}

async function change(client: Client, service: ApiService, count: number): Promise<void> {
  const numbers = lasting(service).sort((a, b) => a - b);
  for (let have = numbers.length; have < count; have++) await client.addInstance(service.microserviceID);
  for (const number of numbers.slice(count)) await client.removeInstance(service.microserviceID, number);
}

/** @throws COUNT_CHANGED */
export function checkCount(service: ApiService, wanted: number): void {
  const { length } = lasting(service);
  if (length === wanted) return;
  const message = `${service.job_name} has ${length} instances and not ${wanted}: somebody else changed their number meanwhile`;
  throw new HedgerowError(ERRORS.COUNT_CHANGED, message);
}

/** In the middle of an update, an instance and the one that is to take its place count as one. */
function lasting({ instance_list }: ApiService): number[] {
  const there = new Set(instance_list.map(({ instance_number }) => instance_number));
  return instance_list
    .filter(({ replaces }) => replaces === undefined || !there.has(replaces))
    .map(({ instance_number }) => instance_number);
}
