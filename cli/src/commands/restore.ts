import { Command } from 'commander';
import { restore } from '../backup/backup.ts';
import { type PlaceFlags, placed, placeOf } from './backup.ts';
import { type Context, example } from './context.ts';

export function restoreCommand(context: Context): Command {
  const command = placed(new Command('restore'))
    .summary('fill the store of a root or a cluster from a backup')
    .description(
      'Checks the whole file, then fills an empty store with it; the root or cluster must not run. A backup from SQLite may go to MongoDB and the other way round.',
    )
    .argument('<file>', 'written by hedge backup')
    .option('--force', 'replace what is there')
    .action(async (file: string, options: PlaceFlags & { force?: boolean }) => {
      const done = await restore(file, placeOf(context, options), options.force === true);
      context.io.err(
        `${done.place}: ${done.documents} documents and ${done.secrets} secrets of the ${done.role} as of ${done.made}\n`,
      );
    });
  return example(
    command,
    'sudo hedge restore /srv/backups/root.ndjson',
    'MONGODB_URL=mongodb://… hedge restore --force root.ndjson',
  );
}
