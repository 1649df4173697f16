import { Command } from 'commander';
import type { ClusterView } from '../api/client.ts';
import type { Column } from '../output/table.ts';
import { type Context, clientOf, example, listing, print } from './context.ts';

const COLUMNS: Column<ClusterView>[] = [
  { title: 'CLUSTER', of: row => row.cluster_name },
  { title: 'ID', of: row => row._id },
  { title: 'STATE', of: row => (row.active ? 'active' : 'unreachable') },
  { title: 'WORKERS', of: row => row.active_nodes },
  { title: 'CORES', of: row => row.total_cpu_cores },
  { title: 'MEMORY MIB', of: row => row.memory_in_mb },
  { title: 'CPU %', of: row => Math.round(row.cpu_percent) },
  { title: 'LOCATION', of: row => row.cluster_location },
];

export function clustersCommand(context: Context): Command {
  const command = listing(new Command('clusters'))
    .summary('list clusters')
    .description('Lists the clusters that have ever joined. Needs no login.')
    .action(async () => {
      print(context, command, await clientOf(context, command).clusters(), COLUMNS);
    });
  return example(command, 'hedge clusters');
}
