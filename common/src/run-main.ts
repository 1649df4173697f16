import { configHelp, readConfig, type Settings } from './config.ts';
import { HedgerowError } from './errors.ts';

/** What is different between the programs that `main.ts` files start. */
export interface Program<C> {
  /** begins the line that says why it cannot start */
  name: string;
  /** stands before the settings in `--help` */
  about: string;
  settings: Settings<C>;
  /** Takes the place of `readConfig`, for a program that reads more than flags and variables. */
  read?: (argv: readonly string[], env: NodeJS.ProcessEnv) => C;
  /** Resolves when there is nothing left to do; of a daemon: `runUntilSignal`. */
  run: (config: C) => Promise<unknown>;
}

/** Exit codes: a setting or the machine is not as it must be, which is one line; a fault of the program, with its stack. */
const EXIT = { refused: 2, failed: 1 } as const;

/** The whole of a `main.ts`. */
export function runMain<C>(program: Program<C>): void {
  const argv = process.argv.slice(2);
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(`${program.about}\n\n${configHelp(program.settings)}\n`);
    return;
  }
  start(program, argv).catch((error: unknown) => {
    const known = error instanceof HedgerowError;
    const text = known ? error.message : String((error as Error).stack ?? error);
    process.stderr.write(`${program.name}: ${text}\n`);
    process.exitCode = known ? EXIT.refused : EXIT.failed;
  });
}

async function start<C>({ settings, read, run }: Program<C>, argv: readonly string[]): Promise<void> {
  await run(read ? read(argv, process.env) : readConfig(settings, argv, process.env));
}
