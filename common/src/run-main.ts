import { configHelp, readConfig, type Settings } from './config.ts';
import { HedgerowError } from './errors.ts';
import { STORE_ERRORS } from './store/store.ts';

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

/** A setting or the machine is not as it must be; what may be otherwise in a while, or a fault of the program. */
const EXIT = { refused: 2, failed: 1 } as const;

/** Of a start that failed with this. A store that is full or does not answer is nothing that was typed wrong. */
export function startExitCode(error: unknown): number {
  const refused = error instanceof HedgerowError && !error.kind.retryable;
  return refused ? EXIT.refused : EXIT.failed;
}

/** The whole of a `main.ts`. */
export function runMain<C>(program: Program<C>): void {
  const argv = process.argv.slice(2);
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(`${program.about}\n\n${configHelp(program.settings)}\n`);
    return;
  }
  start(program, argv).catch((error: unknown) => {
    process.stderr.write(`${program.name}: ${whyNot(error)}\n`);
    process.exitCode = startExitCode(error);
  });
}

function whyNot(error: unknown): string {
  if (!(error instanceof HedgerowError)) return String((error as Error).stack ?? error);
  if (error.code !== STORE_ERRORS.STORE_FULL.code) return error.message;
  return `the disk with its data is full; make room, then start it again (${error.message})`;
}

async function start<C>({ settings, read, run }: Program<C>, argv: readonly string[]): Promise<void> {
  await run(read ? read(argv, process.env) : readConfig(settings, argv, process.env));
}
