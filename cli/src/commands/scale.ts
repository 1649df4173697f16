import { setTimeout as delay } from 'node:timers/promises';
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
      const shown = options.wait
        ? await settled(context, client, {
            id: service.microserviceID,
            count,
            timeoutMs: options.timeout * 1000,
          })
        : await client.service(service.microserviceID);
      printInstances(context, command, instanceRows(shown));
    });
  return example(
    command,
    'hedge scale clientsrvr.test.nginx.test 3',
    'hedge scale clientsrvr.test.nginx.test 0',
  );
}

async function change(client: Client, service: ApiService, count: number): Promise<void> {
  const numbers = service.instance_list.map(instance => instance.instance_number).sort((a, b) => a - b);
  for (let have = numbers.length; have < count; have++) await client.addInstance(service.microserviceID);
  for (const number of numbers.slice(count)) await client.removeInstance(service.microserviceID, number);
}

interface Target {
  id: string;
  count: number;
  timeoutMs: number;
}

/** Removed instances stay in the list until their worker has removed them. */
async function settled(
  { io }: Context,
  client: Client,
  { id, count, timeoutMs }: Target,
): Promise<ApiService> {
  const onLook = tellChanges(io);
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const left = deadline - performance.now();
    const [now] = await untilRunning(client, [id], { timeoutMs: left, askedMs: timeoutMs, onLook });
    if (now && now.instance_list.length <= count) return now;
    if (performance.now() > deadline) {
      const message = `${now?.instance_list.length} instances are still there after ${timeoutMs / 1000} s`;
      throw new HedgerowError(ERRORS.TIMEOUT, message);
    }
    await delay(100);
  }
}
