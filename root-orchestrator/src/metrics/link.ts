import { linkMeter, type MetricRegistry } from '@hedgerow/common/metrics';
import { type FromCluster, type FromRoot, isStatus, kindOf, LINK_KINDS } from '@hedgerow/protos';
import { ROOT_METRICS } from './table.ts';

/** Counts what goes over the streams of clusters. */
export interface LinkCounts {
  sent(message: FromRoot): void;
  received(message: FromCluster): void;
}

export function linkCounts(registry: MetricRegistry): LinkCounts {
  const messages = linkMeter(registry, { received: LINK_KINDS.fromCluster, sent: LINK_KINDS.fromRoot });
  const { asked, refused } = registry.open(ROOT_METRICS);
  return {
    sent(message) {
      messages.sent(kindOf(message));
      if (message.place) asked.add(1);
    },
    received(message) {
      messages.received(kindOf(message));
      const answer = message.place_answer;
      if (!answer || answer.accepted) return;
      refused.add(1, { reason: isStatus(answer.status) ? answer.status : 'other' });
    },
  };
}
