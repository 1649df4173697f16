import {
  CONFIG_ERRORS,
  configHelp,
  createLogger,
  HedgerowError,
  runUntilSignal,
  startExitCode,
  systemClock,
} from '@hedgerow/common';
import { nodeCliSettings, readNodeCli } from '@hedgerow/node-engine';
import { describe } from '../errors.ts';
import { removeWorker, startWorker } from './app.ts';

async function main(argv: readonly string[]): Promise<void> {
  const cli = readNodeCli(argv, process.env);
  if (cli.help) {
    const { net: _, ...settings } = nodeCliSettings;
    process.stdout.write(`hedge worker -a <cluster address> [-p 10100]\n\n${configHelp(settings)}\n`);
    return;
  }
  if (cli.net !== '') {
    const message = 'a worker has its own Net Manager; for one in another process use NodeEngine -n';
    throw new HedgerowError(CONFIG_ERRORS.BAD_CONFIG, message);
  }
  const file = cli.logFile === '' ? {} : { file: cli.logFile };
  const log = createLogger({ role: 'worker', level: cli.logLevel, ...file });
  if (cli.removeAll) await removeWorker(cli, log);
  else await runUntilSignal(startWorker(cli, { clock: systemClock, log }));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`hedge worker: ${describe(error)}\n`);
  process.exitCode = startExitCode(error);
});
