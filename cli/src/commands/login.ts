import { HedgerowError } from '@hedgerow/common';
import { Command } from 'commander';
import { ERRORS } from '../errors.ts';
import { type Context, clientOf, example } from './context.ts';

interface Options {
  username: string;
  passwordStdin?: boolean;
}

export function loginCommand(context: Context): Command {
  const command = new Command('login')
    .summary('log in at a System Manager')
    .description(
      'Logs in and keeps the tokens in ~/.config/hedgerow/session.json (mode 0600). The password is asked for, or read from standard input or HEDGE_PASSWORD; it is never an argument, which other users could see.',
    )
    .option('-u, --username <name>', 'user name', 'Admin')
    .option('--password-stdin', 'read the password from standard input')
    .action(async (options: Options) => {
      const client = clientOf(context, command);
      await client.login(options.username, await password(context, options));
      context.io.err(`logged in at ${client.url} as ${options.username}\n`);
    });
  return example(
    command,
    'hedge login',
    'echo Admin | hedge --url http://127.0.0.1:10000 login --password-stdin',
  );
}

async function password({ io }: Context, options: Options): Promise<string> {
  if (options.passwordStdin) return (await io.read()).replace(/\r?\n$/, '');
  const given = io.env.HEDGE_PASSWORD ?? (await io.ask(`password of ${options.username}: `, true));
  if (given !== null) return given;
  throw new HedgerowError(ERRORS.USAGE, 'no password: use --password-stdin or HEDGE_PASSWORD');
}
