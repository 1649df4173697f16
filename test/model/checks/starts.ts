/** What was started how often: nothing final again, and in gentle times nothing twice. */
import type { JobPayload } from '@hedgerow/protos';
import type { Container } from '../machine/dock.ts';
import type { WorkerHost } from '../tiers/worker.ts';

export class Starts {
  /** `<service id>/<number>` → workers on which it began */
  readonly #begun = new Map<string, string[]>();
  /** worker, instance, generation and epoch of what came to its end there */
  readonly #ended = new Set<string>();
  /** of those, what was removed afterwards */
  readonly #removed = new Set<string>();
  readonly #isGentle: boolean;
  readonly #mayForget: () => boolean;

  /** @param mayForget has the root forgotten what was removed? It is there again then, and nobody knows that it had ended */
  constructor(isGentle: boolean, mayForget: () => boolean) {
    this.#isGentle = isGentle;
    this.#mayForget = mayForget;
  }

  told(host: WorkerHost, { status, service_id, instance, generation, epoch }: JobPayload): void {
    const key = `${host.name} ${service_id}/${instance} ${generation}/${epoch}`;
    if (status === 'DEAD' || status === 'COMPLETED') this.#ended.add(key);
    if (status === 'UNDEPLOYED') this.#removed.add(key);
  }

  /** @returns what is wrong with it, null when nothing is */
  began(host: WorkerHost, { request }: Container): string | null {
    const { service_id, instance_number, generation, epoch } = request.deploy;
    const id = `${service_id}/${instance_number}`;
    const begun = [...(this.#begun.get(id) ?? []), host.name];
    this.#begun.set(id, begun);
    const key = `${host.name} ${id} ${generation}/${epoch}`;
    if (this.#ended.has(key) && !(this.#mayForget() && this.#removed.has(key)))
      return `${id} had come to its end on ${host.name} and is started again (generation ${generation}, epoch ${epoch})`;
    if (this.#isGentle && begun.length > 1)
      return `${id} was started ${begun.length} times: on ${begun.join(', ')}`;
    return null;
  }
}
