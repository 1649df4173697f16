/** A place for a part that others refer to before it is made. */
export interface Slot<T> {
  /** @throws before `set`: the parts were started in the wrong order */
  get(): T;
  set(part: T): T;
}

export function slot<T>(name: string): Slot<T> {
  let filled: { part: T } | undefined;
  return {
    get() {
      if (!filled) throw new TypeError(`${name} has not been started`);
      return filled.part;
    },
    set(part) {
      filled = { part };
      return part;
    },
  };
}
