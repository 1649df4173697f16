import type { Logger } from '@hedgerow/common';
import type { Collections } from '../collections.ts';

/**
 * Frees claims whose owner does not exist: left by a crash between a claim and the document that it was for.
 * Workers' claims stay until their cluster gives them back. A look-up that fails ends the sweep: it proves nothing.
 * Runs before the API answers, since a claim is made before its owner is stored.
 * @returns how many were freed
 */
export async function sweepClaims(collections: Collections, log: Logger): Promise<number> {
  let freed = 0;
  for (const claim of await collections.claims.find()) {
    if (await hasOwner(collections, claim.owner)) continue;
    await collections.claims.remove(claim.id, claim.revision);
    log.warn({ claim: claim.id, owner: claim.owner }, 'freed a claim whose owner does not exist');
    freed += 1;
  }
  return freed;
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
    case 'user':
      return (await collections.users.get(id)) !== null;
    default:
      return true;
  }
}
