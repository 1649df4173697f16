import { createLogger, runMain, runUntilSignal, systemClock } from '@hedgerow/common';
import { startNetManager } from './app.ts';
import { netConfig, netSettings } from './config.ts';
import { teardown } from './teardown.ts';

runMain({
  name: 'NetManager',
  about: 'NetManager: the network of one worker. Runs as root.',
  settings: netSettings,
  run(settings) {
    const log = createLogger({ role: 'net-manager', level: settings.logLevel });
    if (settings.teardown) return teardown(settings.data, { log });
    return runUntilSignal(startNetManager(netConfig(settings), { clock: systemClock, log }));
  },
});
