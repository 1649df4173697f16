/** Puts right at start what a crash may have left. */
import type { Logger } from '@hedgerow/common';
import type { Collections } from '../collections.ts';
import type { Changes, ChangesDeps } from './changes.ts';

/** Before anybody is served: a claim that a request is just making would look like a lost one. */
export async function recoverAtStart(deps: ChangesDeps, changes: Changes): Promise<void> {
  const undone = await changes.recover();
  const freed = await freeLostClaims(deps);
  report(deps.log, undone, freed);
}

/** A claim lives as long as what it is for; those of workers are the clusters' affair. */
async function freeLostClaims({ collections, addresses }: ChangesDeps): Promise<number> {
  let freed = 0;
  for (const claim of await collections.claims.find()) {
    if (await ownerExists(collections, claim.owner)) continue;
    await addresses.release(claim.owner);
    await collections.claims.remove(claim.id);
    freed += 1;
  }
  return freed;
}

async function ownerExists(collections: Collections, owner: string): Promise<boolean> {
  const slash = owner.indexOf('/');
  const [kind, id] = [owner.slice(0, slash), owner.slice(slash + 1)];
  switch (kind) {
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

function report(log: Logger, undone: number, freed: number): void {
  if (undone + freed === 0) return;
  log.warn({ undone, freed }, 'undid changes that a crash had cut short, freed claims without an owner');
}
