import {
  configHelp,
  createLogger,
  HedgerowError,
  logLevel,
  readConfig,
  runUntilSignal,
  systemClock,
} from '@hedgerow/common';
import { startRoot } from './app.ts';
import { rootSettings } from './config.ts';

const settings = { ...rootSettings, logLevel };

async function main(argv: string[]): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(`The root orchestrator (System Manager).\n\n${configHelp(settings)}\n`);
    return;
  }
  const config = readConfig(settings, argv, process.env);
  const log = createLogger({ role: 'root', level: config.logLevel });
  await runUntilSignal(startRoot(config, { clock: systemClock, log }));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const known = error instanceof HedgerowError;
  process.stderr.write(`${known ? error.message : String((error as Error).stack ?? error)}\n`);
  process.exitCode = known ? 2 : 1;
});
