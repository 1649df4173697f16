/**
 * Changes of several documents, whole or not at all, in a store whose operations are atomic on one document only.
 * An intent that names every document is written first and removed last; whoever finds one undoes what it names.
 * Removing is the same as undoing. A claim says whose it is, so claims need not be named.
 */
import { type Clock, type Logger, messageOf, newId, update } from '@hedgerow/common';
import type { Collections } from '../collections.ts';
import type { Intent } from '../model.ts';
import type { Addresses, Deployments } from '../ports.ts';

export type Target = Intent['creates'][number];

export interface ChangesDeps {
  collections: Collections;
  addresses: Addresses;
  deployments: Deployments;
  clock: Clock;
  log: Logger;
}

export class Changes {
  readonly #deps: ChangesDeps;
  /** intents that this process is working on */
  readonly #active = new Set<string>();

  constructor(deps: ChangesDeps) {
    this.#deps = deps;
  }

  /** Runs `work`, which inserts `targets`; when it fails, nothing of them remains. Its error is thrown on. */
  async create(targets: Target[], work: () => Promise<void>): Promise<void> {
    await this.#withIntent(targets, async intent => {
      try {
        await work();
        await this.#deps.collections.intents.remove(intent);
      } catch (error) {
        await this.#undo(intent, targets).catch((failure: unknown) => {
          this.#deps.log.warn({ intent, cause: messageOf(failure) }, 'undoing failed, tried again later');
        });
        throw error;
      }
    });
  }

  /** From the first step on nothing of `targets` is to be seen; a crash later is made good by `recover`. */
  async remove(targets: Target[]): Promise<void> {
    await this.#withIntent(targets, intent => this.#undo(intent, targets));
  }

  /** Undoes what crashes and a failing store left behind. @returns how many changes that were */
  async recover(): Promise<number> {
    const left = (await this.#deps.collections.intents.find()).filter(({ id }) => !this.#active.has(id));
    for (const intent of left) await this.#undo(intent.id, intent.creates);
    return left.length;
  }

  async #withIntent(creates: Target[], work: (intent: string) => Promise<void>): Promise<void> {
    const id = newId(this.#deps.clock.now());
    this.#active.add(id);
    try {
      await this.#deps.collections.intents.insert({
        id,
        creates,
        root_id: '',
        at: this.#deps.clock.now() / 1000,
      });
      await work(id);
    } finally {
      this.#active.delete(id);
    }
  }

  /** Backwards: the application, which makes its services visible, was written last and goes first. */
  async #undo(intent: string, targets: readonly Target[]): Promise<void> {
    for (const { collection, id } of targets.toReversed()) {
      if (collection === 'applications') await this.#removeApplication(id);
      else await this.#removeService(id);
    }
    await this.#deps.collections.intents.remove(intent);
  }

  /** Services are looked for after the document went: a service that is added later finds no application. */
  async #removeApplication(id: string): Promise<void> {
    await this.#deps.collections.applications.remove(id);
    const services = await this.#deps.collections.services.find({ application_id: id });
    for (const service of services) await this.#removeService(service.id);
    await this.#release(ownerOf('applications', id));
  }

  async #removeService(id: string): Promise<void> {
    await this.#deps.collections.services.remove(id);
    const instances = await this.#deps.collections.instances.find({ service_id: id, desired: 'run' });
    for (const instance of instances) await removeInstance(this.#deps, instance.id);
    await this.#release(ownerOf('services', id));
  }

  async #release(owner: string): Promise<void> {
    await this.#deps.addresses.release(owner);
    for (const claim of await this.#deps.collections.claims.find({ owner })) {
      await this.#deps.collections.claims.remove(claim.id);
    }
  }
}

/** Whose a claim is. */
export function ownerOf(collection: 'applications' | 'services', id: string): string {
  return `${collection === 'applications' ? 'application' : 'service'}/${id}`;
}

/** From here on the instance is not to be seen; its document and address live until its cluster says it is gone. */
export async function removeInstance(
  deps: Pick<ChangesDeps, 'collections' | 'deployments'>,
  id: string,
): Promise<void> {
  await update(deps.collections.instances, id, instance => ({
    ...instance,
    desired: 'gone' as const,
  }));
  deps.deployments.gone(id);
}
