import { HedgerowError } from '@hedgerow/common';
import { Command } from 'commander';
import { ERRORS } from '../errors.ts';
import { type Context, example, newClientOf } from './context.ts';

interface Options {
  username: string;
  organization?: string;
  passwordStdin?: boolean;
}

export function loginCommand(context: Context): Command {
  const command = new Command('login')
    .summary('log in at a System Manager')
    .description(
      'Logs in at --url, else at HEDGE_URL, else at http://127.0.0.1:10000, and keeps the tokens in ~/.config/hedgerow/session.json (mode 0600). The password is asked for, or read from standard input or HEDGE_PASSWORD; it is never an argument, which other users could see. The other commands ask the same System Manager from then on.',
    )
    .option('-u, --username <name>', 'user name', 'Admin')
    .option('--organization <name>', 'organization to log in to; root when left out')
    .option('--password-stdin', 'read the password from standard input')
    .action(async (options: Options) => {
      const client = newClientOf(context, command);
      const { username, organization = '' } = options;
      await client.login(username, await password(context, options), organization);
      const to = organization === '' ? '' : ` of ${organization}`;
      context.io.err(`logged in at ${client.url} as ${username}${to}\n`);
    });
  return example(
    command,
    'hedge login',
    'hedge login -u ada --organization shops',
    'echo Admin | hedge --url http://127.0.0.1:10000 login --password-stdin',
  );
}

async function password({ io }: Context, options: Options): Promise<string> {
  if (options.passwordStdin) return (await io.read()).replace(/\r?\n$/, '');
  const given = io.env.HEDGE_PASSWORD ?? (await io.ask(`password of ${options.username}: `, true));
  if (given !== null) return given;
  throw new HedgerowError(ERRORS.USAGE, 'no password: use --password-stdin or HEDGE_PASSWORD');
}
