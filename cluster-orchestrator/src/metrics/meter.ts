import { linkMeter, type MessageMeter, type MetricRegistry } from '@hedgerow/common/metrics';
import { type FromCluster, type FromRoot, kindOf, LINK_KINDS } from '@hedgerow/protos';
import { type BrokerMeter, brokerMeter } from './broker.ts';
import { Events } from './events.ts';

/** What the parts of a cluster are counted with. */
export interface ClusterMeter {
  readonly registry: MetricRegistry;
  readonly broker: BrokerMeter;
  readonly events: Events;
  readonly link: LinkCounts;
}

export interface LinkCounts {
  sent(message: FromCluster): void;
  received(message: FromRoot): void;
}

export function clusterMeter(registry: MetricRegistry): ClusterMeter {
  const events = new Events(registry);
  const messages = linkMeter(registry, { received: LINK_KINDS.fromRoot, sent: LINK_KINDS.fromCluster });
  return { registry, broker: brokerMeter(registry), events, link: linkCounts(messages, events) };
}

function linkCounts(messages: MessageMeter, events: Events): LinkCounts {
  return {
    sent(message) {
      messages.sent(kindOf(message));
      events.sent(message);
    },
    received(message) {
      messages.received(kindOf(message));
      if (message.welcome) events.connected();
    },
  };
}
