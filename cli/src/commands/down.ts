import { Command } from 'commander';
import { endProcess } from '../system/process.ts';
import { isDead, readRuns } from '../up/run.ts';
import { tearDown } from '../up/teardown.ts';
import { type Context, example } from './context.ts';

/** Long enough for an orderly end. */
const OWNER_MS = 30_000;

export function downCommand(context: Context): Command {
  const command = new Command('down')
    .summary('remove what a killed `hedge up` left')
    .description('Removes containers, processes, namespaces and files of runs whose `hedge up` is gone.')
    .option('--all', 'also end those that are up')
    .action(async (options: { all?: boolean }) => {
      const runs = readRuns().filter(run => options.all === true || isDead(run));
      for (const run of runs) {
        if (!isDead(run)) await endProcess(run.record.owner, OWNER_MS);
        await tearDown(run);
        context.io.out(`removed run ${run.id}\n`);
      }
      if (runs.length === 0) context.io.err('nothing to remove\n');
    });
  return example(command, 'sudo hedge down');
}
