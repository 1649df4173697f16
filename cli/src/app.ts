import { Command, CommanderError } from 'commander';
import own from '../package.json' with { type: 'json' };
import { appsCommand } from './commands/apps.ts';
import { backupCommand } from './commands/backup.ts';
import { clustersCommand } from './commands/clusters.ts';
import { type Context, createContext } from './commands/context.ts';
import { deployCommand } from './commands/deploy.ts';
import { doctorCommand } from './commands/doctor.ts';
import { downCommand } from './commands/down.ts';
import { installCommand } from './commands/install.ts';
import { instancesCommand } from './commands/instances.ts';
import { loginCommand } from './commands/login.ts';
import { logoutCommand } from './commands/logout.ts';
import { logsCommand } from './commands/logs.ts';
import { psCommand } from './commands/ps.ts';
import { restoreCommand } from './commands/restore.ts';
import { rmCommand } from './commands/rm.ts';
import { roleCommands } from './commands/roles.ts';
import { scaleCommand } from './commands/scale.ts';
import { tokenCommand } from './commands/token.ts';
import { uninstallCommand } from './commands/uninstall.ts';
import { upCommand } from './commands/up.ts';
import { updateCommand } from './commands/update.ts';
import { watchCommand } from './commands/watch.ts';
import { whyCommand } from './commands/why.ts';
import { workersCommand } from './commands/workers.ts';
import { describe, EXIT, exitCodeOf } from './errors.ts';
import type { Io } from './output/io.ts';

const EXIT_CODES = `
Exit codes: 0 done, 1 failed, 2 wrong use, 3 not logged in, 4 not found, 5 refused or in conflict, 6 unreachable.

Example:
  hedge login && hedge deploy my.json && hedge ps`;

/** Runs one command line. @returns the exit code; mistakes are printed, not thrown */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  try {
    await createProgram(createContext(io)).parseAsync([...argv], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    // Commander has printed its own; --help and --version are no mistakes.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    io.err(`hedge: ${describe(error)}\n`);
    return exitCodeOf(error);
  }
}

function createProgram(context: Context): Command {
  const program = new Command('hedge')
    .description(
      'Hedgerow: containers across many small sites, and one service IP for all instances of a service.',
    )
    .option('--url <url>', 'System Manager: http://host:port or unix:/path (HEDGE_URL)')
    .version(own.version, '-V, --version', 'print the version')
    .addHelpText('after', EXIT_CODES);
  for (const command of commands(context)) program.addCommand(command);
  program.helpCommand(false).addCommand(helpCommand(program));
  for (const command of [
    program,
    ...program.commands,
    ...program.commands.flatMap(({ commands }) => commands),
  ]) {
    command.exitOverride().configureOutput({ writeOut: context.io.out, writeErr: context.io.err });
  }
  return program;
}

/** Commander's own shows the page of `hedge` for a command that there is not, and calls that a success. */
function helpCommand(program: Command): Command {
  return new Command('help')
    .summary('display help for a command')
    .argument('[command]', 'which one; all when left out')
    .action((name: string | undefined) => {
      const named = program.commands.find(command => command.name() === name);
      if (name !== undefined && named === undefined) {
        program.error(`error: unknown command '${name}'; hedge --help lists them`);
      }
      (named ?? program).outputHelp();
    });
}

function commands(context: Context): Command[] {
  return [
    upCommand(context),
    downCommand(context),
    ...roleCommands(),
    installCommand(context),
    uninstallCommand(context),
    loginCommand(context),
    logoutCommand(context),
    deployCommand(context),
    appsCommand(context),
    psCommand(context),
    clustersCommand(context),
    workersCommand(context),
    instancesCommand(context),
    tokenCommand(context),
    scaleCommand(context),
    updateCommand(context),
    watchCommand(context),
    logsCommand(context),
    whyCommand(context),
    rmCommand(context),
    backupCommand(context),
    restoreCommand(context),
    doctorCommand(context),
  ];
}
