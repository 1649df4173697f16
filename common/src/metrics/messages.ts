/** Messages between tiers: both ends count them under the same names. */
import type { MetricRegistry } from './registry.ts';
import { counter } from './table.ts';

export const LINK_METRICS = {
  received: counter(
    'hedgerow_link_messages_received_total',
    'Messages that came on the streams between root and clusters.',
    ['kind'],
  ),
  sent: counter(
    'hedgerow_link_messages_sent_total',
    'Messages that went out on the streams between root and clusters.',
    ['kind'],
  ),
} as const;

export const MQTT_METRICS = {
  received: counter(
    'hedgerow_mqtt_messages_received_total',
    'Messages that came over the broker, by topic without `nodes/<id>/`.',
    ['topic'],
  ),
  sent: counter(
    'hedgerow_mqtt_messages_sent_total',
    'Messages that were handed to the broker, by topic without `nodes/<id>/`.',
    ['topic'],
  ),
} as const;

export interface MessageMeter {
  received(word: string): void;
  sent(word: string): void;
}

/** Of a message that is known to nobody; what it calls itself is its sender's choice, so it is no label. */
const OTHER = 'other';

/** @param words every kind of message that is received and sent */
export function linkMeter(registry: MetricRegistry, words: Words): MessageMeter {
  const { received, sent } = registry.open(LINK_METRICS);
  return {
    received: counting(words.received, (by, kind) => received.add(by, { kind })),
    sent: counting(words.sent, (by, kind) => sent.add(by, { kind })),
  };
}

/** @param words topics without `nodes/<id>/` */
export function mqttMeter(registry: MetricRegistry, words: Words): MessageMeter {
  const { received, sent } = registry.open(MQTT_METRICS);
  return {
    received: counting(words.received, (by, topic) => received.add(by, { topic })),
    sent: counting(words.sent, (by, topic) => sent.add(by, { topic })),
  };
}

interface Words {
  received: readonly string[];
  sent: readonly string[];
}

function counting(words: readonly string[], add: (by: number, word: string) => void) {
  const known = new Set(words);
  for (const word of known) add(0, word);
  return (word: string) => add(1, known.has(word) ? word : OTHER);
}
