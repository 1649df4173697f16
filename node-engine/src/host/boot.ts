import { readFileSync } from 'node:fs';
import { type Collection, type Document, put, type Store } from '@hedgerow/common';

interface BootDocument extends Document {
  boot: string;
}

const LAST = 'last';

/** Which start of the machine an engine has looked at its containers in: those that have ended since ended with it. */
export class Boots {
  readonly #documents: Collection<BootDocument>;
  readonly #current: string;

  /** @param current the kernel's name of this start of the machine; "" where it has none */
  constructor(store: Store, current = bootId()) {
    this.#documents = store.collection<BootDocument>('boot', []);
    this.#current = current;
  }

  /** Has the machine been started since `note`? Not known to have been, when nothing was noted. */
  async isNew(): Promise<boolean> {
    const known = await this.#documents.get(LAST);
    return known !== null && known.boot !== this.#current;
  }

  async note(): Promise<void> {
    await put(this.#documents, { id: LAST, boot: this.#current });
  }
}

/** Random, another one after each start of the machine; "" where the kernel has none. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
