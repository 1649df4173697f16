import assert from 'node:assert/strict';
import type { Store } from '../store.ts';
import { type Entry, type Page, type Step, textOf } from './page.ts';

/** What writers said, round after round, and whether the store says the same. */
export class Ledger {
  acknowledged = 0;
  /** id → the batch that wrote it */
  #pages = new Map<string, number>();
  /** of the last batch: what was tried, and what of it was acknowledged */
  #tried: readonly Step[] = [];
  readonly #done = new Set<string>();

  /** @param said the lines of one writer; the last one may be cut short */
  read(said: string): void {
    for (const line of said.split('\n').slice(0, -1)) {
      const entry = JSON.parse(line) as Entry;
      if ('trying' in entry) this.#begin(entry.trying);
      else this.#done.add(entry.done);
    }
  }

  /** @param store is closed @param batches whether what was tried at once is there altogether or not at all */
  async compare(store: Store, { batches }: { batches: boolean }): Promise<void> {
    const found = await readPages(store);
    const open = new Set(this.#tried.map(({ id }) => id));
    const settled = [...this.#pages].filter(([id]) => !open.has(id));
    assert.deepEqual(
      [...found].filter(([id]) => !open.has(id)).sort(),
      settled.sort(),
      'what nobody was writing is as it was',
    );
    const stored = this.#tried.map(step => this.#isStored(step, found.get(step.id)));
    if (batches && this.#done.size > 0) assert.ok(stored.every(Boolean), 'the batch is there altogether');
    if (batches) assert.ok(new Set(stored).size <= 1, `half of a batch: ${stored.join(', ')}`);
    this.acknowledged += this.#done.size;
    this.#tried = [];
    this.#done.clear();
    this.#pages = found;
  }

  #begin(steps: readonly Step[]): void {
    assert.equal(this.#done.size, this.#tried.length, 'one batch after the other');
    for (const { id, batch, action } of this.#tried)
      if (action === 'remove') this.#pages.delete(id);
      else this.#pages.set(id, batch);
    this.acknowledged += this.#done.size;
    this.#done.clear();
    this.#tried = steps;
  }

  /** Else it is as it was before, which only what was not acknowledged may be. */
  #isStored({ id, batch, action }: Step, found: number | undefined): boolean {
    if (found === (action === 'remove' ? undefined : batch)) return true;
    assert.equal(found, this.#pages.get(id), `${id} is neither as it was nor as it was to be`);
    assert.ok(!this.#done.has(id), `${id} was acknowledged (${action}) and is not stored`);
    return false;
  }
}

/** @returns id → the batch that wrote it; @throws AssertionError for a document that nobody wrote like this */
async function readPages(store: Store): Promise<Map<string, number>> {
  try {
    const pages = await store.collection<Page>('pages', ['batch']).find();
    for (const { id, batch, text } of pages) assert.ok(text === textOf(id, batch), `${id} of batch ${batch}`);
    return new Map(pages.map(({ id, batch }) => [id, batch]));
  } finally {
    await store.close();
  }
}
