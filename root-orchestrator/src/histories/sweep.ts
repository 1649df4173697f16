import type { Collection } from '@hedgerow/common';
import type { History, Instance } from '../model.ts';

/** histories that are read at once */
const PAGE = 100;

/**
 * Removes histories whose instance is gone: a crash came between the two. An instance is stored before its history, so
 * one that is not there is not on its way either.
 * @returns how many there were
 */
export async function sweepHistories(
  histories: Collection<History>,
  instances: Pick<Collection<Instance>, 'get'>,
): Promise<number> {
  let removed = 0;
  let page: History[] = [];
  let after = '';
  do {
    page = await histories.find({}, { after, limit: PAGE });
    for (const { id } of page) {
      if (await instances.get(id)) continue;
      await histories.remove(id);
      removed += 1;
    }
    after = page.at(-1)?.id ?? after;
  } while (page.length === PAGE);
  return removed;
}
