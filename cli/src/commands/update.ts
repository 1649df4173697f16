import { HedgerowError } from '@hedgerow/common';
import type { ApiService } from '@hedgerow/protos';
import { Command, Option } from 'commander';
import type { Client } from '../api/client.ts';
import { findService } from '../api/names.ts';
import { untilUpdated } from '../api/rollouts.ts';
import { ERRORS } from '../errors.ts';
import { variable, wholeNumber } from './arguments.ts';
import { type Context, clientOf, example, listing } from './context.ts';
import { tellChanges } from './progress.ts';
import { instanceRows, printInstances } from './ps.ts';
import { readSla } from './sla-file.ts';

interface Options {
  image?: string;
  env?: string[];
  cmd?: string[];
  memory?: number;
  vcpus?: number;
  port?: string;
  file?: string;
  wait: boolean;
  timeout: number;
}

const LARGEST = 2 ** 31 - 1;

export function updateCommand(context: Context): Command {
  const command = listing(new Command('update'))
    .summary('change a service and replace its instances one by one')
    .description(
      'Changes a service: some fields, or all of it from an SLA. Each old instance serves until its successor runs; when a new one fails, all is as before, and the exit code is 1.',
    )
    .argument('<service>', 'service: name or id')
    .option('--image <image>', 'image')
    .addOption(
      new Option('-e, --env <K=V...>', 'environment variables to set; others stay').argParser(variable),
    )
    .option('--cmd <word...>', 'command with its arguments')
    .addOption(new Option('--memory <mib>', 'MiB; 0 = no limit').argParser(wholeNumber(0, LARGEST)))
    .addOption(new Option('--vcpus <n>', 'cores; 0 = no limit').argParser(wholeNumber(0, LARGEST)))
    .option('--port <ports>', 'host:container pairs, joined by ";"')
    .option('-f, --file <file>', 'SLA that describes the service; - reads standard input')
    .option('--no-wait', 'do not wait for the end')
    .addOption(new Option('--timeout <s>', 'seconds to wait').default(900).argParser(wholeNumber(1, 86_400)))
    .action(async (name: string, options: Options) => {
      const client = clientOf(context, command);
      const service = findService(name, await client.services());
      const begun = await client.updateService(
        service.microserviceID,
        await changeOf(context, service, options),
      );
      const shown = await end(context, client, begun, service.generation, options);
      printInstances(context, command, instanceRows(shown));
    });
  return example(
    command,
    'hedge update clientsrvr.test.nginx.test --image hedgerow/demo:2',
    'hedge update clientsrvr.test.nginx.test -f my.json',
  );
}

async function changeOf(context: Context, service: ApiService, options: Options): Promise<object> {
  const { image, env, cmd, memory, vcpus, port, file } = options;
  const environment = env && merged(service, env);
  const fields = Object.entries({ code: image, environment, cmd, memory, vcpus, port }).filter(
    ([, value]) => value !== undefined,
  );
  if (file === undefined) {
    if (fields.length > 0) return Object.fromEntries(fields);
    throw new HedgerowError(ERRORS.USAGE, 'nothing to change: give --image, another field, or -f SLA');
  }
  if (fields.length > 0) {
    throw new HedgerowError(ERRORS.USAGE, '-f describes the whole service; put the other fields into it');
  }
  return describing(service, await readSla(context, file), file);
}

function merged(service: ApiService, env: readonly string[]): string[] {
  const { environment = [] } = service as { environment?: string[] };
  const key = (pair: string) => pair.split('=')[0];
  const set = new Set(env.map(key));
  return [...environment.filter(pair => !set.has(key(pair))), ...env];
}

interface Described {
  applications?: {
    application_name?: string;
    application_namespace?: string;
    microservices?: { microservice_name?: string; microservice_namespace?: string }[];
  }[];
}

/** The SLA with this service alone. @throws NAME_UNKNOWN */
function describing(service: ApiService, sla: unknown, file: string): object {
  for (const application of (sla as Described).applications ?? []) {
    const { application_name, application_namespace, microservices = [] } = application;
    const microservice = microservices.find(({ microservice_name, microservice_namespace }) => {
      const names = [application_name, application_namespace, microservice_name, microservice_namespace];
      return names.join('.') === service.job_name;
    });
    const alone = { ...application, microservices: [microservice] };
    if (microservice) return { ...(sla as object), applications: [alone] };
  }
  throw new HedgerowError(ERRORS.NAME_UNKNOWN, `${file} does not describe ${service.job_name}`);
}

/** @throws UPDATE_UNDONE, TIMEOUT */
async function end(
  { io }: Context,
  client: Client,
  begun: ApiService,
  before: number,
  { wait, timeout }: Options,
): Promise<ApiService> {
  const isRolling = begun.rollout?.state === 'rolling' || begun.rollout?.state === 'undoing';
  if (!isRolling) {
    io.err(begun.generation === before ? 'it is so already\n' : `${begun.rollout?.detail}\n`);
    return begun;
  }
  if (!wait) return begun;
  let told = '';
  const forget = io.onInterrupt?.(() => io.err(goesOn(begun)));
  try {
    return await untilUpdated(client, begun, {
      timeoutMs: timeout * 1000,
      onChange: tellChanges(io, [begun]),
      onProgress(state, detail) {
        const text = `${begun.job_name} ${state}: ${detail}\n`;
        if (text !== told) io.err(text);
        told = text;
      },
    });
  } finally {
    forget?.();
  }
}

function goesOn({ job_name }: ApiService): string {
  return `\nhedge: the update of ${job_name} goes on; \`hedge watch ${job_name}\` shows it\n`;
}
