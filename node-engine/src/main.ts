import { createLogger, runMain, runUntilSignal, systemClock } from '@hedgerow/common';
import { httpNetManager } from '@hedgerow/protos';
import { startNode } from './app.ts';
import { nodeCliSettings, readNodeCli } from './config.ts';
import { removeAll } from './remove-all.ts';

runMain({
  name: 'NodeEngine',
  about: 'NodeEngine -a <cluster address> [-p 10100] [-n 6000]: runs instances here.',
  settings: nodeCliSettings,
  read: readNodeCli,
  run(cli) {
    const file = cli.logFile === '' ? {} : { file: cli.logFile };
    const log = createLogger({ role: 'worker', level: cli.logLevel, ...file });
    if (cli.removeAll) return removeAll(cli, { log });
    const net = cli.net === '' ? null : httpNetManager(cli.net);
    return runUntilSignal(startNode(cli, { clock: systemClock, log, net }));
  },
});
