import { type MetricRegistry, mqttMeter } from '@hedgerow/common/metrics';
import { DOWN, parseNodeTopic, UP } from '@hedgerow/protos';
import type { Broker, UpHandler } from '../mqtt/broker.ts';
import { CLUSTER_METRICS } from './table.ts';

export interface BrokerMeter {
  /** to be called with every message of a worker */
  heard: UpHandler;
  /** Counts what is published. */
  metered(broker: Broker): Broker;
}

export function brokerMeter(registry: MetricRegistry): BrokerMeter {
  const messages = mqttMeter(registry, { received: Object.values(UP), sent: Object.values(DOWN) });
  const metrics = registry.open(CLUSTER_METRICS);
  let unsent = 0;
  registry.onScrape(() => metrics.unsent.set(unsent));
  const leafOf = (topic: string) => parseNodeTopic(topic)?.leaf ?? '';
  return {
    heard: ({ topic }) => messages.received(leafOf(topic)),
    metered: broker => ({
      ...broker,
      async publish(topic, payload, qos) {
        unsent += 1;
        messages.sent(leafOf(topic));
        try {
          await broker.publish(topic, payload, qos);
        } catch (error) {
          metrics.failed.add(1);
          throw error;
        } finally {
          unsent -= 1;
        }
      },
    }),
  };
}
