import { HedgerowError } from '@hedgerow/common';
import { type ApiService, ENDED, MOST_TAIL } from '@hedgerow/protos';
import { Command, Option } from 'commander';
import type { Client } from '../api/client.ts';
import { unreachable } from '../api/http.ts';
import { linesOf } from '../api/lines.ts';
import { findService, splitInstance } from '../api/names.ts';
import { describe, ERRORS } from '../errors.ts';
import type { Io } from '../output/io.ts';
import { printed } from '../output/printed.ts';
import { wholeNumber } from './arguments.ts';
import { type Context, clientOf, example } from './context.ts';

interface Options {
  follow?: boolean;
  tail: number;
}

export function logsCommand(context: Context): Command {
  const command = new Command('logs')
    .summary('print what instances print')
    .description(
      'Prints the last lines of an instance, or of every instance of a service with its name before each line. A line ' +
        'that begins with "… " is not the instance’s: lines were lost on the way, or may be missing.',
    )
    .argument('<service>', 'service: name or id; `service/2` is its instance 2')
    .argument('[instance]', 'number of an instance; all when left out', wholeNumber(0, 999_999_999))
    .option(
      '-f, --follow',
      'go on with what is printed, also after a restart, until Ctrl-C or until it is removed',
    )
    .addOption(
      new Option('--tail <n>', 'last lines of each instance')
        .default(100)
        .argParser(wholeNumber(0, MOST_TAIL)),
    )
    .action(async (name: string, number: number | undefined, options: Options) => {
      const client = clientOf(context, command);
      const services = await client.services();
      const target = number === undefined ? splitInstance(name) : { name, instance: number };
      const service = findService(target.name, services);
      if (target.instance === null) await printAll(context.io, client, service, options);
      else await print(context.io, client, { service, number: target.instance, prefix: '' }, options);
    });
  return example(command, 'hedge logs clientsrvr.test.nginx.test', 'hedge logs nginx/0 -f --tail 20');
}

interface Target {
  service: ApiService;
  number: number;
  /** before each line */
  prefix: string;
}

/** One after the other, or side by side when they are followed. An instance that cannot be read does not hide the others. */
async function printAll(io: Io, client: Client, service: ApiService, options: Options): Promise<void> {
  const targets = targetsOf(service);
  const failures: unknown[] = [];
  const attempt = async (target: Target): Promise<void> => {
    try {
      await print(io, client, target, options);
    } catch (error) {
      io.err(`${target.prefix}${describe(error)}\n`);
      failures.push(error);
    }
  };
  if (options.follow) await Promise.all(targets.map(attempt));
  else for (const target of targets) await attempt(target);
  const [first] = failures;
  if (first === undefined) return;
  if (!(first instanceof HedgerowError)) throw first;
  const message = `${failures.length} of ${targets.length} instances could not be read to the end`;
  throw new HedgerowError(first.kind, message, { cause: first });
}

function targetsOf(service: ApiService): Target[] {
  const { job_name, instance_list } = service;
  const numbers = instance_list.map(({ instance_number }) => instance_number).sort((a, b) => a - b);
  if (numbers.length === 0) throw new HedgerowError(ERRORS.NAME_UNKNOWN, `${job_name} has no instances`);
  const width = Math.max(...numbers.map(number => String(number).length));
  return numbers.map(number => ({
    service,
    number,
    prefix: `${job_name}/${String(number).padEnd(width)} | `,
  }));
}

/** @throws OUTPUT_ENDED when the API says that there would be more, UNREACHABLE when the connection is lost */
async function print(
  io: Io,
  client: Client,
  { service, number, prefix }: Target,
  { follow = false, tail }: Options,
): Promise<void> {
  const path = `/api/service/${encodeURIComponent(service.microserviceID)}/instance/${number}/logs`;
  const signal = io.gone ?? new AbortController().signal;
  const response = await client.stream(`${path}?follow=${follow}&tail=${tail}`, {}, signal);
  try {
    for await (const line of linesOf(response)) {
      if (line.startsWith(ENDED)) throw new HedgerowError(ERRORS.OUTPUT_ENDED, line.slice(ENDED.length));
      io.out(`${prefix}${printed(line)}\n`);
    }
  } catch (error) {
    if (signal.aborted) return;
    throw error instanceof HedgerowError ? error : unreachable(client.url, error);
  }
}
