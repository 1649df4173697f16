import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HedgerowError, messageOf } from '@hedgerow/common';
import { Argument, Command } from 'commander';
import { ERRORS } from '../errors.ts';
import { isAlive } from '../system/process.ts';
import { defaultRunsFolder, readRuns } from '../up/run.ts';
import { type Context, example } from './context.ts';

/** Who gives the token out, where that keeps it (`run`: below the folder of a `hedge up`), and what the one who joins types. */
const TOKENS = {
  cluster: {
    data: '/var/lib/hedgerow/root',
    run: 'root',
    file: 'cluster-token',
    next: 'ROOT_TOKEN=… hedge cluster --root <root>:10000 --name <name> --host 0.0.0.0',
  },
  worker: {
    data: '/var/lib/hedgerow/cluster',
    run: 'cluster',
    file: 'worker-token',
    next: 'HEDGEROW_WORKER_TOKEN=… hedge worker -a <cluster> -p 10100',
  },
} as const;

export function tokenCommand(context: Context): Command {
  const command = new Command('token')
    .summary('print the token that lets a cluster or a worker join')
    .description(
      'Reads the join token from the data directory; run it on the machine of the root (cluster) or of the cluster (worker). Without --data it also looks into what `hedge up` or `npm start` runs here.',
    )
    .addArgument(new Argument('<what>', 'who is to join').choices(['cluster', 'worker']))
    .option('--data <dir>', 'data directory of the root or the cluster')
    .action((what: keyof typeof TOKENS, options: { data?: string }) => {
      const place = TOKENS[what];
      const runs = defaultRunsFolder(process.getuid?.(), context.io.env);
      const found =
        options.data === undefined ? findToken(place, runs) : { file: join(options.data, place.file) };
      context.io.out(`${readToken(found.file)}\n`);
      if (found.run !== undefined) context.io.err(`of run ${found.run}, which is up on this machine\n`);
      context.io.err(`${place.next}\n`);
    });
  return example(command, 'hedge token cluster', 'hedge token worker --data /srv/hedgerow/cluster');
}

interface Place {
  /** the usual data directory */
  data: string;
  /** the one below the folder of a run */
  run: string;
  file: string;
}

interface Found {
  file: string;
  /** whose it is, when it is not in the usual directory */
  run?: string;
}

/**
 * @param runs folder of runs
 * @throws FILE_UNREADABLE when neither the usual data directory nor a live run has a token
 */
export function findToken({ data, run: below, file }: Place, runs: string): Found {
  const usual = join(data, file);
  if (existsSync(usual)) return { file: usual };
  for (const run of readRuns(runs)) {
    const candidate = join(run.dir, below, file);
    if (isAlive(run.record.owner) && existsSync(candidate)) return { file: candidate, run: run.id };
  }
  const message = `there is no token at ${usual}, and no \`hedge up\` of this user is up; name the data directory with --data <dir>`;
  throw new HedgerowError(ERRORS.FILE_UNREADABLE, message);
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new HedgerowError(ERRORS.FILE_UNREADABLE, `the token cannot be read: ${messageOf(cause)}`, {
      cause,
    });
  }
}
