import { configHelp, createLogger, runUntilSignal, systemClock } from '@hedgerow/common';
import { httpNetManager } from '@hedgerow/protos';
import { startNode } from './app.ts';
import { nodeCliSettings, readNodeCli } from './config.ts';
import { removeAll } from './remove-all.ts';

const cli = readNodeCli(process.argv.slice(2), process.env);
if (cli.help) {
  process.stdout.write(
    `NodeEngine -a <cluster address> [-p 10100] [-n 6000]\n\n${configHelp(nodeCliSettings)}\n`,
  );
} else {
  const log = createLogger({
    role: 'worker',
    level: cli.logLevel,
    ...(cli.logFile ? { file: cli.logFile } : {}),
  });
  if (cli.removeAll) await removeAll(cli, { log });
  else {
    const net = cli.net ? httpNetManager(cli.net) : null;
    await runUntilSignal(await startNode(cli, { clock: systemClock, log, net }));
  }
}
