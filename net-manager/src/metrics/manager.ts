import type { MetricRegistry } from '@hedgerow/common/metrics';
import type { NetStatus } from '@hedgerow/protos';
import type { Traffic } from '../kernel/traffic.ts';
import { NET_METRICS } from './table.ts';

/** Reads out what the Net Manager and the kernel know anyway. @returns its end */
export function meterManager(
  registry: MetricRegistry,
  snapshot: () => NetStatus,
  traffic: () => Traffic,
): () => void {
  const metrics = registry.open(NET_METRICS);
  return registry.onScrape(() => {
    const { registered, attachments, services } = snapshot();
    metrics.registered.set(registered ? 1 : 0);
    metrics.attachments.set(attachments.length);
    metrics.services.set(services);
    const { received, sent } = traffic();
    metrics.received.set(received.bytes);
    metrics.sent.set(sent.bytes);
    metrics.dropped.set(received.dropped, { direction: 'received' });
    metrics.dropped.set(sent.dropped, { direction: 'sent' });
  });
}
