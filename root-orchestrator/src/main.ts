import { createLogger, logLevel, runMain, runUntilSignal, systemClock } from '@hedgerow/common';
import { startRoot } from './app.ts';
import { rootSettings } from './config.ts';

runMain({
  name: 'SystemManager',
  about: 'The root orchestrator (System Manager).',
  settings: { ...rootSettings, logLevel },
  run(config) {
    const log = createLogger({ role: 'root', level: config.logLevel });
    return runUntilSignal(startRoot(config, { clock: systemClock, log }));
  },
});
