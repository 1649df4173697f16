import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { failureOf } from '../api/failure.ts';
import { type Call, send } from '../api/http.ts';
import type { Column } from '../output/table.ts';
import { type Context, clientOf, example, listing, print } from './context.ts';

interface Options {
  cluster?: string;
  data?: string;
}

/** What the root knows of a worker: whose it is. */
interface KnownWorker {
  cluster: string;
  worker: string;
}

/** What its cluster knows. Units: cores, MiB. */
interface WorkerView {
  id: string;
  host: string;
  state: string;
  public_address: string;
  subnet: string;
  vcpus: number;
  memory: number;
  free: { vcpus: number; memory: number };
  instances: number;
  problems: string[];
}

const KNOWN: Column<KnownWorker>[] = [
  { title: 'CLUSTER', of: row => row.cluster },
  { title: 'WORKER', of: row => row.worker },
];

const DETAILED: Column<WorkerView>[] = [
  { title: 'WORKER', of: row => row.host },
  { title: 'ID', of: row => row.id },
  { title: 'STATE', of: row => row.state },
  { title: 'ADDRESS', of: row => row.public_address },
  { title: 'SUBNET', of: row => row.subnet },
  { title: 'CORES FREE', of: row => `${row.free.vcpus} of ${row.vcpus}` },
  { title: 'MIB FREE', of: row => `${row.free.memory} of ${row.memory}` },
  { title: 'INSTANCES', of: row => row.instances },
  { title: 'PROBLEMS', of: row => row.problems.join('; ') },
];

/** It cannot be reached by its address from outside its network namespace. */
export const CLUSTER_OF_UP =
  'The cluster of `hedge up` is in a network namespace: what `hedge up` prints as "cluster" is the command that asks it (nsenter --net=/run/netns/hedge-…-cluster npx hedge … --cluster URL --data DIR).';

export function workersCommand(context: Context): Command {
  const command = listing(new Command('workers'))
    .summary('list live workers; with --cluster dead ones too, and their state')
    .description(
      'Lists the live workers of all clusters: the root knows no more of them than their names, and of dead ones nothing. With --cluster it asks a Cluster Manager, which knows all its workers, dead ones too, with state, addresses and resources; away from its loopback that needs the join token of workers (HEDGEROW_WORKER_TOKEN, or --data on its machine). ' +
        CLUSTER_OF_UP,
    )
    .option('--cluster <url>', 'a Cluster Manager: http://host:10100')
    .option('--data <dir>', 'data directory of that cluster, for its token')
    .action(async (options: Options) => {
      if (options.cluster !== undefined) {
        print(context, command, await ofCluster(options.cluster, workerToken(context, options)), DETAILED);
      } else {
        print(context, command, await ofRoot(context, command), KNOWN);
      }
    });
  return example(command, 'hedge workers', 'hedge workers --cluster http://127.0.0.1:10100 --json');
}

async function ofRoot(context: Context, command: Command): Promise<KnownWorker[]> {
  const clusters = await clientOf(context, command).clusters();
  return clusters
    .filter(cluster => cluster.active)
    .flatMap(cluster => (cluster.workers ?? []).map(worker => ({ cluster: cluster.cluster_name, worker })));
}

async function ofCluster(url: string, bearer: string): Promise<WorkerView[]> {
  const call: Call = { method: 'GET', path: '/api/workers', token: bearer, whom: 'Cluster Manager' };
  const answer = await send(url, call);
  if (answer.status !== 200) throw failureOf(call, answer);
  return (answer.body as { workers: WorkerView[] }).workers;
}

/** Of a Cluster Manager: from its data directory, or from the environment. */
export function workerToken({ io }: Context, options: Pick<Options, 'data'>): string {
  if (options.data !== undefined) return readFileSync(join(options.data, 'worker-token'), 'utf8').trim();
  return io.env.HEDGEROW_WORKER_TOKEN ?? '';
}
