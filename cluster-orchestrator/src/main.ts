import {
  configHelp,
  createLogger,
  HedgerowError,
  logLevel,
  readConfig,
  runUntilSignal,
  systemClock,
} from '@hedgerow/common';
import { startCluster } from './app.ts';
import { clusterSettings } from './config.ts';

const settings = { ...clusterSettings, logLevel };

async function main(argv: string[]): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(`The Cluster Manager.\n\n${configHelp(settings)}\n`);
    return;
  }
  const config = readConfig(settings, argv, process.env);
  const log = createLogger({ role: 'cluster', level: config.logLevel });
  await runUntilSignal(startCluster(config, { clock: systemClock, log }));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const known = error instanceof HedgerowError;
  process.stderr.write(`${known ? error.message : String((error as Error).stack ?? error)}\n`);
  process.exitCode = known ? 2 : 1;
});
