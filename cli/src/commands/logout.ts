import { Command } from 'commander';
import { type Context, clientOf, example } from './context.ts';

export function logoutCommand(context: Context): Command {
  const command = new Command('logout')
    .summary('end the session of hedge login')
    .description(
      'Gives the refresh token back to the System Manager, which takes it no more, and forgets the session; where nobody answers it forgets the session all the same, and says so. The last access token lives out its ten minutes.',
    )
    .action(async () => {
      const { url, username, told } = await clientOf(context, command).logout();
      context.io.err(`logged out at ${url}, where you were ${username}\n`);
      if (told) return;
      context.io.err(
        'the System Manager could not be reached and was not told: it takes the refresh token until that runs out\n',
      );
    });
  return example(command, 'hedge logout');
}
