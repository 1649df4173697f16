import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { entryOf } from '../../bin/lib/entry.js';

const ROLES = {
  root: 'run a root orchestrator (System Manager) in this process',
  cluster: 'run a cluster orchestrator (Cluster Manager) in this process',
  worker: 'run a worker (Node Engine and Net Manager) in this process',
} as const;

/**
 * The launcher starts a role's own bundle and never comes here; this is for `--help`, and for whoever runs the command
 * line's file itself. A role reads its own arguments.
 */
export function roleCommands(): Command[] {
  return Object.entries(ROLES).map(([role, summary]) =>
    new Command(role)
      .summary(summary)
      .description(`${summary}; see hedge ${role} --help`)
      .allowUnknownOption()
      .allowExcessArguments()
      .helpOption(false)
      .action(async (_options: object, command: Command) => {
        const entry = entryOf(role as keyof typeof ROLES);
        process.argv = [process.argv[0] ?? '', entry, ...command.args];
        await import(pathToFileURL(entry).href);
      }),
  );
}
