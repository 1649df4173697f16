import type { ApiEvent } from '@hedgerow/protos';
import { Command, Option } from 'commander';
import type { Client } from '../api/client.ts';
import type { EventFilter } from '../api/events.ts';
import { findTarget } from '../api/names.ts';
import { wholeNumber } from './arguments.ts';
import { type Context, clientOf, example } from './context.ts';

interface Options {
  kind?: string;
  count?: number;
  json?: boolean;
}

export function watchCommand(context: Context): Command {
  const command = new Command('watch')
    .summary('print what changes, until Ctrl-C')
    .description(
      'Prints events as they happen: of all that you may see, or of one application or service. It goes on by itself when the connection is lost.',
    )
    .argument('[name]', 'application or service: name or id')
    .addOption(
      new Option('--kind <kind>', 'only of this kind').choices([
        'application',
        'service',
        'rollout',
        'instance',
        'cluster',
      ]),
    )
    .addOption(
      new Option('-n, --count <n>', 'end after so many').argParser(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
    )
    .option('--json', 'one JSON object per line')
    .action(async (name: string | undefined, options: Options) => {
      const client = clientOf(context, command);
      const filter = { ...(await chosen(client, name)), ...(options.kind ? { kind: options.kind } : {}) };
      await watch(context, client, filter, options);
    });
  return example(command, 'hedge watch', 'hedge watch clientsrvr --kind instance --json');
}

async function chosen(client: Client, name: string | undefined): Promise<EventFilter> {
  if (name === undefined) return {};
  const [applications, services] = await Promise.all([client.applications(), client.services()]);
  const target = findTarget(name, applications, services);
  return target.kind === 'service'
    ? { service: target.service.microserviceID }
    : { application: target.application.applicationID };
}

async function watch(
  { io }: Context,
  client: Client,
  filter: EventFilter,
  { count = Number.POSITIVE_INFINITY, json }: Options,
): Promise<void> {
  const stop = new AbortController();
  let left = count;
  try {
    for await (const item of client.events(filter, stop.signal)) {
      if (item.type === 'reset') io.err('hedge: some events were lost; hedge ps shows how it is now\n');
      if (item.type !== 'event') continue;
      io.out(`${json ? JSON.stringify(item.event) : line(item.event)}\n`);
      left -= 1;
      if (left === 0) return;
    }
  } finally {
    stop.abort();
  }
}

/** One event for people; of what goes or is gone the last status says nothing. */
export function line(event: ApiEvent): string {
  const { at, kind, change, job_name, service_id, instance_number, status, status_detail } = event;
  // The last event of an instance may come when nobody knows its service's name any more.
  const name = instance_number === undefined ? job_name : `${job_name || service_id}/${instance_number}`;
  const isGoing = change === 'leaving' || change === 'removed';
  const what = change === 'changed' && status !== '' ? '' : change;
  const words = [at.slice(11, 23), kind, name, what, ...(isGoing ? [] : [status, status_detail])];
  return printable(words.filter(word => word !== '').join(' '));
}

/** What comes from others must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, character => JSON.stringify(character).slice(1, -1));
}
