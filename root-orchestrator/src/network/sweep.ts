import type { Clock, Logger } from '@hedgerow/common';
import type { Collections } from '../collections.ts';
import { Patience } from '../leadership/patience.ts';
import type { Claim } from '../model.ts';

/**
 * Frees claims whose owner does not exist: left by a crash between a claim and the document that it was for.
 * Workers' claims stay until their cluster gives them back. A look-up that fails ends the sweep: it proves nothing.
 */
export class Sweep {
  readonly #collections: Collections;
  readonly #log: Logger;
  readonly #patience: Patience;

  /**
   * @param patience ms that a claim has been without an owner before it is freed. 0 while nothing else writes to the
   * store; else longer than a request takes, since a claim is made before its owner is stored
   */
  constructor(collections: Collections, clock: Clock, log: Logger, patience: number) {
    this.#collections = collections;
    this.#log = log;
    this.#patience = new Patience(clock, patience);
  }

  /** @returns how many were freed */
  async run(): Promise<number> {
    const lost: Claim[] = [];
    for (const claim of await this.#collections.claims.find()) {
      if (!(await hasOwner(this.#collections, claim.owner))) lost.push(claim);
    }
    const over = this.#patience.over(lost.map(keyOf));
    const freed = lost.filter(claim => over.has(keyOf(claim)));
    for (const { id, owner, revision } of freed) {
      await this.#collections.claims.remove(id, revision);
      this.#log.warn({ claim: id, owner }, 'freed a claim whose owner does not exist');
    }
    return freed.length;
  }
}

/** An address that was freed and claimed again is another claim. */
function keyOf({ id, owner }: Claim): string {
  return `${id} ${owner}`;
}

async function hasOwner(collections: Collections, owner: string): Promise<boolean> {
  const slash = owner.indexOf('/');
  const id = owner.slice(slash + 1);
  switch (owner.slice(0, slash)) {
    case 'application':
      return (await collections.applications.get(id)) !== null;
    case 'service':
      return (await collections.services.get(id)) !== null;
    case 'instance':
      return (await collections.instances.get(id)) !== null;
    case 'organization':
      return (await collections.organizations.get(id)) !== null;
    case 'user':
      return (await collections.users.get(id)) !== null;
    default:
      return true;
  }
}
