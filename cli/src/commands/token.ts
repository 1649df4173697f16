import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HedgerowError, messageOf } from '@hedgerow/common';
import { Argument, Command } from 'commander';
import { ERRORS } from '../errors.ts';
import { type Context, example } from './context.ts';

/** Who gives the token out, where that keeps it, and what the one who joins types. */
const TOKENS = {
  cluster: {
    data: '/var/lib/hedgerow/root',
    file: 'cluster-token',
    next: 'ROOT_TOKEN=… hedge cluster --root <root>:10000 --name <name>',
  },
  worker: {
    data: '/var/lib/hedgerow/cluster',
    file: 'worker-token',
    next: 'HEDGEROW_WORKER_TOKEN=… hedge worker -a <cluster> -p 10100',
  },
} as const;

export function tokenCommand(context: Context): Command {
  const command = new Command('token')
    .summary('print the token that lets a cluster or a worker join')
    .description(
      'Reads the join token from the data directory; run it on the machine of the root (cluster) or of the cluster (worker).',
    )
    .addArgument(new Argument('<what>', 'who is to join').choices(['cluster', 'worker']))
    .option('--data <dir>', 'data directory of the root or the cluster')
    .action((what: keyof typeof TOKENS, options: { data?: string }) => {
      const { data, file, next } = TOKENS[what];
      context.io.out(`${readToken(join(options.data ?? data, file))}\n`);
      context.io.err(`${next}\n`);
    });
  return example(command, 'hedge token cluster', 'hedge token worker --data /srv/hedgerow/cluster');
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
