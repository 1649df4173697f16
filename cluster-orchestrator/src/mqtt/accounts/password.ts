import { createHmac } from 'node:crypto';
import type { Worker } from '../../model.ts';

/**
 * A worker's password at an outside broker, 64 hex digits. Computed, not stored: the cluster knows only the hash of a
 * worker's secret, and a broker that has lost its accounts must get the same ones again. A new secret makes a new one.
 * @param key this cluster's own
 */
export function brokerPassword(key: string, worker: Pick<Worker, 'id' | 'secret_hash'>): string {
  return createHmac('sha256', key).update(`${worker.id} ${worker.secret_hash}`).digest('hex');
}
