import type { ApiApplication, ApiService } from '@hedgerow/protos';
import { Command, Option } from 'commander';
import type { Client } from '../api/client.ts';
import { untilRunning } from '../api/instances.ts';
import { wholeNumber } from './arguments.ts';
import { type Context, clientOf, example } from './context.ts';
import { tellChanges } from './progress.ts';
import { instanceRows, printInstances } from './ps.ts';
import { readSla } from './sla-file.ts';

interface Options {
  instances: number;
  wait: boolean;
  timeout: number;
  json?: boolean;
}

export function deployCommand(context: Context): Command {
  const command = new Command('deploy')
    .summary('deploy the applications of an SLA')
    .description(
      'Stores the applications of an SLA, starts instances of every service, and waits until they run.',
    )
    .argument('<file>', 'SLA in JSON; - reads standard input')
    .addOption(
      new Option('-i, --instances <n>', 'instances per service; 0 stores the SLA only')
        .default(1)
        .argParser(wholeNumber(0, 1000)),
    )
    .option('--no-wait', 'do not wait until they run')
    .addOption(new Option('--timeout <s>', 'seconds to wait').default(120).argParser(wholeNumber(1, 86_400)))
    .option('--json', 'print JSON instead of a table')
    .action(async (file: string, options: Options) => {
      const client = clientOf(context, command);
      const made = await client.createApplication(await readSla(context, file));
      const services = await start(client, made, options.instances);
      const shown =
        options.wait && options.instances > 0 ? await wait(context, client, services, options) : services;
      printInstances(context, command, shown.flatMap(instanceRows));
    });
  return example(
    command,
    'hedge deploy my.json --instances 3 --json',
    '# npm start has deployed examples/demo.json already (409): beside it, it needs another name and service IP',
    "sed 's/clientsrvr/second/; s/10.30.30.30/10.30.30.31/' examples/demo.json | hedge deploy -",
  );
}

async function start(
  client: Client,
  made: readonly ApiApplication[],
  instances: number,
): Promise<ApiService[]> {
  const ids = made.flatMap(application => application.microservices);
  for (const id of ids) {
    for (let count = 0; count < instances; count++) await client.addInstance(id);
  }
  return Promise.all(ids.map(id => client.service(id)));
}

function wait(
  { io }: Context,
  client: Client,
  services: readonly ApiService[],
  options: Options,
): Promise<ApiService[]> {
  const ids = services.map(service => service.microserviceID);
  return untilRunning(client, ids, {
    timeoutMs: options.timeout * 1000,
    onChange: tellChanges(io),
  });
}
