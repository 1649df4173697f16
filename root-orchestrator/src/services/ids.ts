import { type Clock, newId } from '@hedgerow/common';

/** Ids in ascending order. */
export function idTaker({ clock }: { clock: Clock }): (count: number) => string[] {
  return count => Array.from({ length: count }, () => newId(clock.now())).sort();
}
