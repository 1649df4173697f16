/**
 * Changes of several documents, whole or not at all, in a store whose operations are atomic on one document only.
 * An intent that names every document is written first and removed last; whoever finds one undoes what it names.
 * Removing is the same as undoing. A claim says whose it is, so claims need not be named.
 */
import {
  type Clock,
  HedgerowError,
  isErrorOf,
  type Logger,
  messageOf,
  newId,
  STORE_ERRORS,
  update,
} from '@hedgerow/common';
import type { Collections } from '../collections.ts';
import { ERRORS } from '../errors.ts';
import { Patience } from '../leadership/patience.ts';
import type { Intent } from '../model.ts';
import type { Addresses } from '../ports.ts';

export type Target = Intent['creates'][number];
type Undoable = Pick<Intent, 'id' | 'creates' | 'request_id'>;

export interface ChangesDeps {
  collections: Collections;
  addresses: Addresses;
  clock: Clock;
  log: Logger;
}

/** Instances that are marked as gone side by side: the store takes so many in one commit, and others still get their turn. */
const REMOVED_AT_ONCE = 100;

/** Revision of an intent that nobody has taken over to undo it. */
const UNTOUCHED = 1;

export class Changes {
  readonly #deps: ChangesDeps;
  /** intents that this process is working on */
  readonly #active = new Set<string>();
  readonly #rootId: string;
  readonly #patience: Patience;

  /**
   * @param process who this is, and ms that an intent of somebody else has been there before it is undone: 0 where
   * nobody else writes, so that it is of an earlier process
   */
  constructor(deps: ChangesDeps, process = { rootId: '', patience: 0 }) {
    this.#deps = deps;
    this.#rootId = process.rootId;
    this.#patience = new Patience(deps.clock, process.patience);
  }

  /** Runs `work`, which inserts `targets`; when it fails, nothing of them remains. Its error is thrown on. */
  async create(targets: Target[], work: () => Promise<void>): Promise<void> {
    await this.#withIntent({ creates: targets }, async intent => {
      try {
        await work();
        if (!(await this.#deps.collections.intents.remove(intent.id, UNTOUCHED))) throw undone();
      } catch (error) {
        await this.#undo(intent).catch((failure: unknown) => {
          const fields = { intent: intent.id, cause: messageOf(failure) };
          this.#deps.log.warn(fields, 'undoing failed, tried again later');
        });
        throw error;
      }
    });
  }

  /** From the first step on nothing of `targets` is to be seen; a crash later is made good by `recover`. */
  async remove(targets: Target[], requestId = ''): Promise<void> {
    await this.#withIntent({ creates: targets, request_id: requestId }, intent => this.#undo(intent));
  }

  /**
   * Undoes what crashes and a failing store left behind.
   * @param foreign also what other processes began: one root at a time does that
   * @returns how many changes that were
   */
  async recover(foreign = true): Promise<number> {
    const left = (await this.#deps.collections.intents.find()).filter(({ id }) => !this.#active.has(id));
    const over = this.#patience.over(left.map(({ id }) => id));
    const mine = ({ root_id }: Intent) => root_id === this.#rootId;
    const due = left.filter(intent => mine(intent) || (foreign && over.has(intent.id)));
    let undone = 0;
    for (const intent of due) {
      if (!(await this.#takeOver(intent))) continue;
      await this.#undo(intent);
      undone += 1;
    }
    return undone;
  }

  /** What was read may have ended well since; from here on it cannot. @returns whether it had not */
  async #takeOver(intent: Intent): Promise<boolean> {
    try {
      await this.#deps.collections.intents.replace(intent, intent.revision);
      return true;
    } catch (error) {
      if (isErrorOf(error, STORE_ERRORS.STORE_STALE)) return false;
      throw error;
    }
  }

  async #withIntent(
    change: Pick<Intent, 'creates' | 'request_id'>,
    work: (intent: Undoable) => Promise<void>,
  ): Promise<void> {
    const id = newId(this.#deps.clock.now());
    const intent = { ...change, id, root_id: this.#rootId, at: this.#deps.clock.now() / 1000 };
    this.#active.add(id);
    try {
      await this.#deps.collections.intents.insert(intent);
      await work(intent);
    } finally {
      this.#active.delete(id);
    }
  }

  /** Backwards: the application, which makes its services visible, was written last and goes first. */
  async #undo({ id: intent, creates, request_id = '' }: Undoable): Promise<void> {
    for (const { collection, id } of creates.toReversed()) {
      if (collection === 'applications') await this.#removeApplication(id, request_id);
      else await this.#removeService(id, request_id);
    }
    await this.#deps.collections.intents.remove(intent);
  }

  /** Services are looked for after the document went: a service that is added later finds no application. */
  async #removeApplication(id: string, requestId: string): Promise<void> {
    await this.#deps.collections.applications.remove(id);
    const services = await this.#deps.collections.services.find({ application_id: id });
    for (const service of services) await this.#removeService(service.id, requestId);
    await this.#release(ownerOf('applications', id));
  }

  async #removeService(id: string, requestId: string): Promise<void> {
    await this.#deps.collections.services.remove(id);
    const instances = await this.#deps.collections.instances.find({ service_id: id, desired: 'run' });
    await removeInstances(this.#deps, instances, requestId);
    await this.#release(ownerOf('services', id));
  }

  async #release(owner: string): Promise<void> {
    await this.#deps.addresses.release(owner);
    for (const claim of await this.#deps.collections.claims.find({ owner })) {
      await this.#deps.collections.claims.remove(claim.id, { owner });
    }
  }
}

/** This process stood still for so long that another root took its change for the remains of a crash. */
function undone(): HedgerowError {
  return new HedgerowError(ERRORS.CHANGE_UNDONE, 'it took too long and was undone; try again');
}

/** Whose a claim is. */
export function ownerOf(collection: 'applications' | 'services', id: string): string {
  return `${collection === 'applications' ? 'application' : 'service'}/${id}`;
}

/** From here on the instance is not to be seen; its document and address live until its cluster says it is gone. */
export async function removeInstance(
  deps: Pick<ChangesDeps, 'collections' | 'log'>,
  id: string,
  requestId: string,
): Promise<void> {
  await update(deps.collections.instances, id, instance => ({
    ...instance,
    desired: 'gone' as const,
    request_id: requestId,
  }));
  deps.log.info({ instance: id, request_id: requestId }, 'removal of an instance requested');
}

/** As `removeInstance`. What one failure leaves of them stays to be done; the others are not cut short by it. */
export async function removeInstances(
  deps: Pick<ChangesDeps, 'collections' | 'log'>,
  instances: readonly { id: string }[],
  requestId: string,
): Promise<void> {
  for (let at = 0; at < instances.length; at += REMOVED_AT_ONCE) {
    const removing = instances.slice(at, at + REMOVED_AT_ONCE);
    const done = await Promise.allSettled(removing.map(({ id }) => removeInstance(deps, id, requestId)));
    for (const result of done) if (result.status === 'rejected') throw result.reason;
  }
}
