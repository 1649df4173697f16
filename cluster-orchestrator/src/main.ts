import { createLogger, logLevel, runMain, runUntilSignal, systemClock } from '@hedgerow/common';
import { startCluster } from './app.ts';
import { clusterSettings } from './config.ts';

runMain({
  name: 'ClusterManager',
  about: 'The Cluster Manager.',
  settings: { ...clusterSettings, logLevel },
  run(config) {
    const log = createLogger({ role: 'cluster', level: config.logLevel });
    return runUntilSignal(startCluster(config, { clock: systemClock, log }));
  },
});
