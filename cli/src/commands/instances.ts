import { HedgerowError } from '@hedgerow/common';
import { Command } from 'commander';
import { failureOf } from '../api/failure.ts';
import { type Call, send } from '../api/http.ts';
import { splitInstance } from '../api/names.ts';
import { ERRORS } from '../errors.ts';
import type { Column } from '../output/table.ts';
import { type Context, example, listing, print } from './context.ts';
import { CLUSTER_OF_UP, workerToken } from './workers.ts';

interface Options {
  cluster: string;
  data?: string;
}

/** What a cluster knows of an instance. */
interface InstanceView {
  id: string;
  job_name: string;
  instance_number: number;
  worker: string;
  status: string;
  status_detail: string;
  desired: string;
  withdrawn: boolean;
}

const COLUMNS: Column<InstanceView>[] = [
  { title: 'SERVICE', of: row => row.job_name },
  { title: 'INSTANCE', of: row => row.id },
  { title: 'WORKER', of: row => row.worker },
  { title: 'STATUS', of: row => (row.withdrawn ? `${row.status}, withdrawn` : row.status) },
  { title: 'DETAIL', of: row => row.status_detail },
];

/** Asks a Cluster Manager and not the root: for the site that is on its own. */
export function instancesCommand(context: Context): Command {
  const command = atCluster(listing(new Command('instances')))
    .summary('list the instances of one cluster, or remove one there')
    .description(
      'Asks a Cluster Manager, also while it cannot reach the root: what it has, where, and how it is. Away from its loopback that needs the join token of workers (HEDGEROW_WORKER_TOKEN, or --data on its machine). ' +
        CLUSTER_OF_UP,
    )
    .action(async (options: Options) => print(context, command, await list(context, options), COLUMNS));
  command.addCommand(removeCommand(context));
  const url = 'http://127.0.0.1:10100';
  return example(
    command,
    `hedge instances --cluster ${url}`,
    `hedge instances rm --cluster ${url} 0123456789abcdef01234567/0`,
  );
}

function removeCommand(context: Context): Command {
  const command = atCluster(new Command('rm'))
    .summary('remove an instance at its cluster')
    .description(
      'Removes an instance at its cluster, whether or not the root can be reached; the root is told when it can, and does not start it again. While the root is there, hedge rm does the same from anywhere.',
    )
    .argument('<instance>', 'SERVICE_ID/NUMBER, as hedge instances shows it')
    .action(async (name: string) => {
      const removed = await remove(context, command.optsWithGlobals(), name);
      context.io.err(`instance ${removed.instance_number} of ${removed.job_name} is being removed\n`);
    });
  return example(command, 'hedge instances rm --cluster http://127.0.0.1:10100 0123456789abcdef01234567/0');
}

function atCluster(command: Command): Command {
  return command
    .option('--cluster <url>', 'a Cluster Manager: http://host:10100')
    .option('--data <dir>', 'data directory of that cluster, for its token');
}

async function list(context: Context, options: Options): Promise<InstanceView[]> {
  const body = (await ask(context, options, 'GET', '/api/instances')) as { instances: InstanceView[] };
  return body.instances;
}

async function remove(context: Context, options: Options, name: string): Promise<InstanceView> {
  const { name: service, instance } = splitInstance(name);
  if (instance === null)
    throw new HedgerowError(ERRORS.USAGE, `${JSON.stringify(name)} is no SERVICE_ID/NUMBER`);
  const path = `/api/instances/${encodeURIComponent(service)}/${instance}`;
  return (await ask(context, options, 'DELETE', path)) as InstanceView;
}

async function ask(
  context: Context,
  options: Partial<Options>,
  method: Call['method'],
  path: string,
): Promise<unknown> {
  if (!options.cluster) {
    const message = `--cluster <url> says which cluster is asked: http://host:10100. ${CLUSTER_OF_UP}`;
    throw new HedgerowError(ERRORS.USAGE, message);
  }
  const call: Call = { method, path, token: workerToken(context, options), whom: 'Cluster Manager' };
  const answer = await send(options.cluster, call);
  if (answer.status !== 200) throw failureOf(call, answer);
  return answer.body;
}
