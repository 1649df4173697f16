/**
 * A process that writes to a store until it is killed: several documents at once, again and again. It says what it is
 * about to do before it does it, and what was acknowledged as soon as it is. Arguments: file or URL, durability, seed.
 */
import { writeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { Random } from '@hedgerow/common/testing';
import { openStore } from '../open.ts';
import type { SqliteOptions } from '../sqlite.ts';
import type { Collection } from '../store.ts';
import { type Entry, type Page, type Step, textOf } from './page.ts';

const [place = '', durability = 'full', seed = '0'] = process.argv.slice(2);
/** at once; more than one, so that they share a commit */
const MOST_STEPS = 6;
const MOST_PAGES = 60;

const random = new Random(Number(seed));
const say = (entry: Entry): number => writeSync(1, `${JSON.stringify(entry)}\n`);

const isUrl = place.startsWith('mongodb:');
const store = await openStore({
  mongodbUrl: isUrl ? place : '',
  sqliteFile: place,
  durability: durability as SqliteOptions['durability'],
});
const pages = store.collection<Page>('pages', ['batch']);
const known = new Map((await pages.find()).map(page => [page.id, page.revision]));

for (let batch = Number(seed) * 10_000; ; batch += 1) {
  const steps = chooseSteps(batch);
  say({ trying: steps });
  await Promise.all(steps.map(step => perform(pages, step)));
  await turn();
}

function chooseSteps(batch: number): Step[] {
  const ids = new Set(
    Array.from({ length: random.int(1, MOST_STEPS) }, () => `page-${random.int(1, MOST_PAGES)}`),
  );
  return [...ids].map(id => {
    const action = !known.has(id) ? 'insert' : random.chance(0.25) ? 'remove' : 'replace';
    return { id, batch, action };
  });
}

async function perform(pages: Collection<Page>, { id, batch, action }: Step): Promise<void> {
  const page = { id, batch, text: textOf(id, batch) };
  if (action === 'remove') {
    await pages.remove(id, known.get(id) ?? 0);
    known.delete(id);
  } else {
    const stored =
      action === 'insert' ? await pages.insert(page) : await pages.replace(page, known.get(id) ?? 0);
    known.set(id, stored.revision);
  }
  say({ done: id });
}
