/** Program: a root and its cluster in one process. Settings by environment. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { clusterSettings, startCluster } from '@hedgerow/cluster-orchestrator';
import { createLogger, readConfig, runUntilSignal, startWith, systemClock } from '@hedgerow/common';
import { rootSettings, startRoot } from '@hedgerow/root-orchestrator';

await runUntilSignal(
  startWith(async life => {
    const log = createLogger({ role: 'manager', level: 'warn' });
    const config = readConfig(rootSettings, [], process.env);
    const root = await startRoot(config, { clock: systemClock, log });
    life.add('root', () => root.stop());
    const rootToken = (await readFile(path.join(config.data, 'cluster-token'), 'utf8')).trim();
    const clusterConfig = { ...readConfig(clusterSettings, [], process.env), rootToken };
    const cluster = await startCluster(clusterConfig, { clock: systemClock, log });
    life.add('cluster', () => cluster.stop());
    process.stdout.write('{"msg":"ready"}\n');
    return {};
  }),
);
