/** Names of users and of organizations are unique without regard to case: who inserts the claim has the name. */
import { isErrorOf, STORE_ERRORS } from '@hedgerow/common';
import type { Collections } from '../collections.ts';

export type Named = 'user' | 'organization';

/** @returns whether the name is now that of this user or organization */
export async function claimName(
  { claims }: Collections,
  kind: Named,
  name: string,
  id: string,
): Promise<boolean> {
  try {
    await claims.insert({ id: claimOf(kind, name), owner: `${kind}/${id}` });
    return true;
  } catch (error) {
    if (!isErrorOf(error, STORE_ERRORS.STORE_DUPLICATE)) throw error;
    return (await claims.get(claimOf(kind, name)))?.owner === `${kind}/${id}`;
  }
}

export async function releaseName(
  { claims }: Collections,
  kind: Named,
  name: string,
  id: string,
): Promise<void> {
  await claims.remove(claimOf(kind, name), { owner: `${kind}/${id}` });
}

export function sameName(one: string, other: string): boolean {
  return folded(one) === folded(other);
}

function claimOf(kind: Named, name: string): string {
  return `${kind}-name/${folded(name)}`;
}

function folded(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}
