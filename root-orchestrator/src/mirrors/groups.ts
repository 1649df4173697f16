import type { Document } from '@hedgerow/common';
import type { Mirror } from './mirror.ts';

/** Which documents of a mirror belong to what: ids by key, kept as they change. */
export class Groups<T extends Document> {
  readonly #groups = new Map<string, Set<string>>();

  /** @param keyOf what a document belongs to; null = it is left out. */
  constructor(mirror: Mirror<T>, keyOf: (document: T) => string | null) {
    for (const document of mirror.all()) this.#add(keyOf(document), document.id);
    mirror.listen((before, after) => {
      if (before) this.#remove(keyOf(before), before.id);
      if (after) this.#add(keyOf(after), after.id);
    });
  }

  /** In order of id. */
  of(key: string): string[] {
    return [...(this.#groups.get(key) ?? [])].sort();
  }

  #add(key: string | null, id: string): void {
    if (key === null) return;
    const group = this.#groups.get(key);
    if (group) group.add(id);
    else this.#groups.set(key, new Set([id]));
  }

  #remove(key: string | null, id: string): void {
    const group = key === null ? undefined : this.#groups.get(key);
    group?.delete(id);
    if (key !== null && group?.size === 0) this.#groups.delete(key);
  }
}
