import type { Lifecycle } from '@hedgerow/common';
import type { Measured } from './figure.ts';

/** What a bench is given to work with. */
export interface Bench {
  name: string;
  /** one line for `--list` */
  about: string;
  measure(context: BenchContext): Promise<Measured[]>;
}

export interface BenchContext {
  /** what the bench starts, it adds here; all of it ends with the bench, however that ends */
  life: Lifecycle;
  /** one line to the person who waits */
  say(line: string): void;
  /** The count to use: `usual`, or what `--rounds` says, for a quick look. */
  rounds(usual: number): number;
  /** folder for the logs of what the bench starts; with the rest of its files when null */
  logs: string | null;
}
