import { inPrefix, type Logger } from '@hedgerow/common';
import { OVERLAY_PREFIX } from '@hedgerow/protos';
import type { Seen } from './kernel/datapath.ts';
import { type Leaks, NO_LEAKS } from './table/leaks.ts';
import type { Attachment } from './table/state.ts';

/** Packets of one sender between two comparisons that are worth a line: ten a second, if they are a minute apart. */
const MANY = 600;
/** Senders in one line. */
const SHOWN = 10;

/** What a comparison finds that should not be: counted, and told once each time. */
export class Sweep {
  readonly #log: Logger;
  #counted: ReadonlyMap<string, number> = new Map();
  #foreign: string | null = null;
  #strays = 0;
  #leaks = NO_LEAKS;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** packets to addresses that nobody owns, since this process began */
  get strays(): number {
    return this.#strays;
  }

  /** of the last comparison, which removed them */
  get leaks(): Leaks {
    return this.#leaks;
  }

  /** Sentences. */
  get problems(): string[] {
    if (this.#foreign === null) return [];
    return [
      `this machine has the address ${this.#foreign}, which is in the range of the overlay (${OVERLAY_PREFIX}): hosts of its network that lie in a worker’s subnet or among the service IPs are not reached`,
    ];
  }

  saw({ strays, addresses, leaks }: Seen, attachments: Iterable<Attachment>): void {
    this.#foreign = foreign(addresses);
    this.#leaks = leaks;
    const found = Object.entries(leaks).filter(([, keys]) => keys.length > 0);
    if (found.length > 0)
      this.#log.warn({ leaks: Object.fromEntries(found) }, 'removed from the kernel what nothing explains');
    this.#countStrays(strays, attachments);
  }

  /** The kernel's counts begin anew with its rules. */
  #countStrays(strays: Seen['strays'], attachments: Iterable<Attachment>): void {
    const since = [...strays].map(([address, packets]): [string, number] => {
      const before = this.#counted.get(address) ?? 0;
      return [address, packets >= before ? packets - before : packets];
    });
    this.#counted = strays;
    for (const [, packets] of since) this.#strays += packets;
    const many = since.filter(([, packets]) => packets >= MANY).sort(([, a], [, b]) => b - a);
    if (many.length === 0) return;
    const names = new Map(
      [...attachments].map(a => [a.address, `${a.serviceName}/${a.instanceNumber}`] as const),
    );
    const senders = many
      .slice(0, SHOWN)
      .map(([address, packets]) => ({ address, instance: names.get(address) ?? '', packets }));
    this.#log.warn({ senders }, 'packets to addresses that nobody owns');
  }
}

/** An address of this machine in the overlay's range: a network of somebody else's is there, too. */
function foreign(addresses: Iterable<string>): string | null {
  return [...addresses].find(address => inPrefix(address, OVERLAY_PREFIX)) ?? null;
}
