import type { MetricRegistry } from '@hedgerow/common/metrics';
import type { NetStatus } from '@hedgerow/protos';
import type { Traffic } from '../kernel/traffic.ts';
import type { Sweep } from '../sweep.ts';
import { LEAK_KINDS } from '../table/leaks.ts';
import { NET_METRICS } from './table.ts';

export interface Metered {
  snapshot: () => NetStatus;
  traffic: () => Traffic;
  sweep: Pick<Sweep, 'strays' | 'leaks'>;
}

/** Reads out what the Net Manager and the kernel know anyway. @returns its end */
export function meterManager(registry: MetricRegistry, { snapshot, traffic, sweep }: Metered): () => void {
  const metrics = registry.open(NET_METRICS);
  return registry.onScrape(() => {
    const { registered, attachments, services, problems } = snapshot();
    metrics.registered.set(registered ? 1 : 0);
    metrics.attachments.set(attachments.length);
    metrics.services.set(services);
    metrics.problems.set(problems.length);
    for (const kind of LEAK_KINDS) metrics.leaks.set(sweep.leaks[kind].length, { kind });
    metrics.strays.set(sweep.strays);
    const { received, sent } = traffic();
    metrics.received.set(received.bytes);
    metrics.sent.set(sent.bytes);
    metrics.dropped.set(received.dropped, { direction: 'received' });
    metrics.dropped.set(sent.dropped, { direction: 'sent' });
  });
}
