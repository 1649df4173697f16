import { type MessageMeter, type MetricRegistry, mqttMeter } from '@hedgerow/common/metrics';
import { DOWN, UP } from '@hedgerow/protos';
import type { Session } from '../mqtt/session.ts';

export function messageMeter(registry: MetricRegistry): MessageMeter {
  return mqttMeter(registry, { received: Object.values(DOWN), sent: Object.values(UP) });
}

/** Counts what is said on a connection to the broker. */
export function meteredSession(session: Session, messages: MessageMeter): Session {
  return {
    ...session,
    publish(leaf, payload, options) {
      messages.sent(leaf);
      session.publish(leaf, payload, options);
    },
    publishAcknowledged(leaf, payload, options) {
      messages.sent(leaf);
      return session.publishAcknowledged(leaf, payload, options);
    },
  };
}
