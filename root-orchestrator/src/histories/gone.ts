/** Histories of instances that are gone, kept for who wants to know why. */
import type { Collection } from '@hedgerow/common';
import type { History } from '../model.ts';

/** ms that they are kept */
const KEPT_FOR = 86_400_000;
/** histories are read in pages: each is as large as everything else of its instance */
const PAGE = 100;

/** @param now epoch ms */
export function isOver(now: number): (history: History) => boolean {
  return ({ gone_at = now }) => now - gone_at > KEPT_FOR;
}

/** Removes those that fit and that no instance has any more. */
export async function forgetGone(
  histories: Collection<History>,
  of: Partial<Pick<History, 'service_id'>>,
  which: (history: History) => boolean,
): Promise<void> {
  for (let after: string | undefined; ; ) {
    const page = await histories.find(of, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const history of page)
      if (history.gone_at !== undefined && which(history)) await histories.remove(history.id);
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}
