import { Command, Option } from 'commander';
import own from '../../package.json' with { type: 'json' };
import { backup } from '../backup/backup.ts';
import type { PlaceOptions } from '../backup/place.ts';
import { type BackupRole, KEPT } from '../backup/roles.ts';
import { type Context, example } from './context.ts';

export function backupCommand(context: Context): Command {
  const command = placed(new Command('backup'))
    .summary('write all that a root or a cluster keeps into a file')
    .description(
      'Writes documents and secrets of a root or a cluster into one file, while it runs. The file is as secret as the data directory.',
    )
    .argument('<file>', 'to write, replaced when it is there; - is standard output')
    .addOption(new Option('--role <role>', 'whose').choices(Object.keys(KEPT)).default('root'))
    .action(async (file: string, options: PlaceFlags & { role: BackupRole }) => {
      const about = { version: own.version, made: new Date().toISOString() };
      const done = await backup(
        file,
        { role: options.role, ...placeOf(context, options) },
        about,
        context.io,
      );
      context.io.err(
        `${done.target}: ${done.documents} documents and ${done.secrets} secrets of the ${done.role} from ${done.place}\n`,
      );
    });
  return example(
    command,
    'sudo hedge backup /srv/backups/root.ndjson',
    'sudo hedge backup - | age -p > root.age',
    'sudo hedge backup --role cluster /srv/backups/cluster.ndjson',
    'MONGODB_URL=mongodb://… hedge backup root.ndjson',
  );
}

export type PlaceFlags = Pick<PlaceOptions, 'data' | 'mongodb'>;

/** Adds the options that say where a store is. */
export function placed(command: Command): Command {
  return command
    .option('--data <dir>', 'data directory (usual: /var/lib/hedgerow/root or …/cluster)')
    .option('--mongodb <url>', 'the store of a root that is not in its data directory (MONGODB_URL)');
}

export function placeOf({ io }: Context, { data, mongodb }: PlaceFlags): Omit<PlaceOptions, 'role'> {
  return { data, mongodb, mongodbOfRoot: io.env.MONGODB_URL };
}
