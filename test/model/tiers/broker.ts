/** An outside broker: a process of its own over what it keeps, beside its cluster. */
import { parseNodeTopic, UP } from '@hedgerow/protos';
import type { Process } from '../time/process.ts';
import { type Kept, SimulatedBroker } from '../wire/broker.ts';
import type { Host as OutsideHost } from '../wire/outside.ts';
import type { Publication } from '../wire/packets.ts';
import { Host, type HostParts } from './host.ts';

export class BrokerHost extends Host {
  readonly #parts: HostParts;
  #kept = new Map<string, Kept>();
  /** by topic: what workers said last of their presence */
  #presences = new Map<string, Publication>();
  running: { process: Process; broker: SimulatedBroker; door: OutsideHost } | null = null;

  constructor(name: string, parts: HostParts) {
    super(name, parts);
    this.#parts = parts;
  }

  /** It was in memory only. */
  loseSessions(): void {
    this.#kept = new Map();
    this.#presences = new Map();
  }

  protected forget(): void {
    this.running = null;
  }

  protected async boot(process: Process): Promise<void> {
    for (const kept of this.#kept.values()) kept.client = null;
    const followers = new Set<(publication: Publication) => void>();
    const broker = new SimulatedBroker({
      ...{ process, timeline: this.#parts.timeline, kept: this.#kept },
      authenticate: () => true,
      subscribes: workerId => this.mutate.subscribes?.(workerId) ?? true,
      onMessage: publication => {
        if (parseNodeTopic(publication.topic)?.leaf === UP.presence)
          this.#presences.set(publication.topic, publication);
        for (const follower of followers) follower(publication);
      },
    });
    const door: OutsideHost = {
      process,
      publish: ({ topic, payload, qos }) => void broker.publish(topic, payload, qos),
      follow: follower => {
        followers.add(follower);
        return [...this.#presences.values()];
      },
      unfollow: follower => followers.delete(follower),
    };
    this.running = { process, broker, door };
  }
}
