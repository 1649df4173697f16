import {
  configHelp,
  createLogger,
  messageOf,
  readConfig,
  runUntilSignal,
  systemClock,
} from '@hedgerow/common';
import { startNetManager } from './app.ts';
import { netConfig, netSettings } from './config.ts';
import { teardown } from './teardown.ts';

async function main(argv: readonly string[]): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(
      `NetManager: the network of one worker. Runs as root.\n\n${configHelp(netSettings)}\n`,
    );
    return;
  }
  const settings = readConfig(netSettings, argv, process.env);
  const log = createLogger({ role: 'net-manager', level: settings.logLevel });
  if (settings.teardown) await teardown(settings.data, { log });
  else await runUntilSignal(startNetManager(netConfig(settings), { clock: systemClock, log }));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`NetManager: ${messageOf(error)}\n`);
  process.exitCode = 1;
});
