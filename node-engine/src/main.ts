import { configHelp, createLogger, messageOf, runUntilSignal, systemClock } from '@hedgerow/common';
import { httpNetManager } from '@hedgerow/protos';
import { startNode } from './app.ts';
import { nodeCliSettings, readNodeCli } from './config.ts';
import { removeAll } from './remove-all.ts';

async function main(argv: readonly string[]): Promise<void> {
  const cli = readNodeCli(argv, process.env);
  if (cli.help) {
    const help = configHelp(nodeCliSettings);
    process.stdout.write(
      `NodeEngine -a <cluster address> [-p 10100] [-n 6000]: runs instances here.\n\n${help}\n`,
    );
    return;
  }
  const file = cli.logFile === '' ? {} : { file: cli.logFile };
  const log = createLogger({ role: 'worker', level: cli.logLevel, ...file });
  const net = cli.net === '' ? null : httpNetManager(cli.net);
  if (cli.removeAll) await removeAll(cli, { log });
  else await runUntilSignal(startNode(cli, { clock: systemClock, log, net }));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`NodeEngine: ${messageOf(error)}\n`);
  process.exitCode = 1;
});
