import type { Handler } from './index.ts';

/** `control/sync`: the cluster computed another hash than the last beat's. */
export const handleSync: Handler = context => context.publishSync();
