import {
  configHelp,
  createLogger,
  messageOf,
  oneOf,
  readConfig,
  runUntilSignal,
  type Settings,
  systemClock,
} from '@hedgerow/common';
import { startCluster } from './app.ts';
import { type ClusterConfig, clusterSettings } from './config.ts';

type ProcessConfig = ClusterConfig & { logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent' };

const settings: Settings<ProcessConfig> = {
  ...clusterSettings,
  logLevel: {
    flag: 'log-level',
    env: 'LOG_LEVEL',
    default: 'info',
    help: 'debug, info, warn, error or silent',
    parse: oneOf('debug', 'info', 'warn', 'error', 'silent'),
  },
};

async function main(argv: readonly string[]): Promise<void> {
  if (argv.includes('--help')) {
    process.stdout.write(`Cluster Manager\n\n${configHelp(settings)}\n`);
    return;
  }
  const { logLevel, ...config } = readConfig(settings, argv, process.env);
  const log = createLogger({ role: 'cluster', level: logLevel });
  await runUntilSignal(await startCluster(config, { clock: systemClock, log }));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`cluster: ${messageOf(error)}\n`);
  process.exit(1);
});
