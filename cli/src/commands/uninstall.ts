import { Argument, Command } from 'commander';
import { type InstallRoleName, ROLE_NAMES } from '../install/roles.ts';
import { uninstall } from '../install/uninstall.ts';
import { type Context, example } from './context.ts';

interface Options {
  purge?: boolean;
  prefix: string;
  dryRun?: boolean;
}

export function uninstallCommand(context: Context): Command {
  const command = new Command('uninstall')
    .summary('remove a service of `hedge install`')
    .description(
      'Stops the service and removes its unit and its variables. What it keeps stays, and so do the containers and the network of a worker: a later install takes them over.',
    )
    .addArgument(new Argument('<role>', 'what to remove').choices(ROLE_NAMES))
    .option('--purge', 'also remove what it keeps; of a worker its containers and its network too')
    .option('--prefix <dir>', 'below this folder', '')
    .option('--dry-run', 'print what would be removed')
    .action((role: InstallRoleName, options: Options) =>
      uninstall(role, {
        purge: options.purge === true,
        prefix: options.prefix,
        dryRun: options.dryRun === true,
        say: line => context.io.out(`${line}\n`),
      }),
    );
  return example(command, 'sudo hedge uninstall worker --purge');
}
