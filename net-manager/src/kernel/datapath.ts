import type { Logger } from '@hedgerow/common';
import type { Exec } from '../exec/exec.ts';
import type { KernelState } from '../table/desired.ts';
import { type Difference, difference, isEmpty, type Observed } from '../table/difference.ts';
import { type Leaks, leaksIn } from '../table/leaks.ts';
import type { Flows } from './conntrack.ts';
import { type Found, type LoadedRules, observe, rulesFingerprint } from './observe.ts';
import { perform } from './perform.ts';

/** Where the fingerprint of the loaded rules outlives the process. */
export interface RulesMemory {
  loadRules(): Promise<LoadedRules | null>;
  saveRules(rules: LoadedRules): Promise<void>;
}

/** What a change does to the parts that it touches; all others are as they were. */
export interface Step {
  before: KernelState;
  after: KernelState;
  /** everything, once the change is made */
  whole(): KernelState;
}

/** What a comparison found. */
export interface Seen extends Pick<Found, 'strays' | 'addresses'> {
  leaks: Leaks;
}

/** What is known of the kernel besides the parts, which follow from what we have been told. */
type Ground = Pick<Observed, 'subnet' | 'tunnel' | 'size' | 'rules' | 'addresses' | 'docker'>;

/**
 * Brings the kernel to a desired state. Between two calls it knows what is there, so a change costs only itself;
 * after a failure it knows nothing and looks first.
 */
export class DataPath {
  readonly #exec: Exec;
  readonly #log: Logger;
  readonly #memory: RulesMemory;
  readonly #flows: Flows;
  #known: Ground | null = null;

  constructor(exec: Exec, flows: Flows, memory: RulesMemory, log: Logger) {
    this.#flows = flows;
    this.#exec = exec;
    this.#log = log;
    this.#memory = memory;
  }

  /** @throws KERNEL_REFUSED; the next call then looks before it changes anything */
  async change({ before, after, whole }: Step): Promise<void> {
    if (this.#known) await this.#apply(after, { ...before, ...this.#known }, whole);
    else await this.reconcile(whole());
  }

  /**
   * Reads what is there and changes what differs.
   * @param explained what may be there, when it is more than what shall be: links go with their containers
   */
  async reconcile(desired: KernelState, explained: KernelState = desired): Promise<Seen> {
    const found = await observe(this.#exec, await this.#memory.loadRules());
    await this.#apply(desired, found, () => desired);
    return { strays: found.strays, addresses: found.addresses, leaks: leaksIn(found, explained) };
  }

  async #apply(desired: KernelState, found: Observed, whole: () => KernelState): Promise<void> {
    this.#known = null;
    const { plan, after } = difference(desired, found, whole);
    if (!isEmpty(plan)) {
      await perform(this.#exec, plan, desired.subnet);
      this.#flows.forget(plan);
      if (plan.rules) await this.#remember(after.rules);
      this.#log.debug(counts(plan), 'kernel changed');
    }
    const { subnet, tunnel, size, rules, addresses, docker } = after;
    this.#known = { subnet, tunnel, size, rules, addresses, docker };
  }

  async #remember(text: string): Promise<void> {
    const fingerprint = await rulesFingerprint(this.#exec);
    if (fingerprint) await this.#memory.saveRules({ text, fingerprint });
  }
}

function counts(plan: Difference): object {
  const sizes = ({ gone, set }: { gone: readonly unknown[]; set: readonly unknown[] }) =>
    `+${set.length} -${gone.length}`;
  return {
    links: sizes(plan.links),
    routes: sizes(plan.routes),
    workers: sizes(plan.tunnelEnds),
    elements: sizes(plan.elements),
    rules: plan.rules !== null,
  };
}
