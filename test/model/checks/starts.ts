/** What was started how often: nothing final again, and in gentle times nothing twice. */
import type { JobPayload } from '@hedgerow/protos';
import type { Container } from '../machine/dock.ts';
import type { WorkerHost } from '../tiers/worker.ts';

export class Starts {
  /** `<service id>/<number>` → workers on which it began */
  readonly #begun = new Map<string, string[]>();
  /** worker, instance, generation and epoch of what came to its end there */
  readonly #ended = new Set<string>();
  readonly #isGentle: boolean;

  constructor(isGentle: boolean) {
    this.#isGentle = isGentle;
  }

  told(host: WorkerHost, report: JobPayload): void {
    if (report.status !== 'DEAD' && report.status !== 'COMPLETED') return;
    const { service_id, instance, generation, epoch } = report;
    this.#ended.add(`${host.name} ${service_id}/${instance} ${generation}/${epoch}`);
  }

  /** @returns what is wrong with it, null when nothing is */
  began(host: WorkerHost, { request }: Container): string | null {
    const { service_id, instance_number, generation, epoch } = request.deploy;
    const id = `${service_id}/${instance_number}`;
    const begun = [...(this.#begun.get(id) ?? []), host.name];
    this.#begun.set(id, begun);
    if (this.#ended.has(`${host.name} ${id} ${generation}/${epoch}`))
      return `${id} had come to its end on ${host.name} and is started again (generation ${generation}, epoch ${epoch})`;
    if (this.#isGentle && begun.length > 1)
      return `${id} was started ${begun.length} times: on ${begun.join(', ')}`;
    return null;
  }
}
