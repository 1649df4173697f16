/** Finds what carries this worker's labels and belongs to nobody. */
import { type Logger, messageOf, type SerialByKey } from '@hedgerow/common';
import type { Listed, Runtime } from '../runtimes/runtime.ts';
import { removeAside } from './actions/clear.ts';
import type { Context, Overlay } from './context.ts';
import { keyOf } from './desired.ts';
import type { Leaks } from './leaks.ts';
import type { Slot } from './slot.ts';

export interface SweepParts {
  runtime: Pick<Runtime, 'list' | 'inspect' | 'remove' | 'nameOf'>;
  readers: Context['readers'];
  overlay: Pick<Overlay, 'holds'> | null;
  /** of the instances */
  queue: SerialByKey;
  slots: ReadonlyMap<string, Slot>;
  leaks: Pick<Leaks, 'found'>;
  log: Logger;
  /** Makes a slot of which nothing is wanted, which removes the container in good order. */
  adopt: (listed: Listed) => void;
}

/** Resolves when all has been looked at; each container in the queue of its instance, where nothing else goes on. */
export async function sweep(parts: SweepParts, found: readonly Listed[]): Promise<void> {
  sweepHolds(parts, found);
  const looks = found.map(listed => {
    const key = keyOf(listed.job_name, listed.instance_number);
    return parts.queue
      .run(key, () => look(parts, key, listed))
      .catch((error: unknown) => {
        // one that cannot be looked at may not hide the others
        parts.log.warn({ container: listed.container }, `not looked at: ${messageOf(error)}`);
      });
  });
  await Promise.all(looks);
}

async function look(parts: SweepParts, key: string, listed: Listed): Promise<void> {
  const { runtime, slots, leaks } = parts;
  const slot = slots.get(key);
  if (slot?.seen?.container === listed.container) return;
  if (slot?.aside.has(listed.container)) return removeAside(parts, slot);
  const named = await runtime.inspect(runtime.nameOf(listed.job_name, listed.instance_number));
  if (named?.container !== listed.container) return removeOther(parts, listed);
  if (slot) return;
  leaks.found('containers', listed.container);
  parts.adopt(listed);
}

/** Not the container that the instance's name leads to; gone since it was listed, or a second one. */
async function removeOther({ runtime, leaks }: SweepParts, { container }: Listed): Promise<void> {
  const there = (await runtime.list()).some(other => other.container === container);
  if (!there) return;
  leaks.found('containers', container);
  await runtime.remove(container);
}

function sweepHolds({ runtime, overlay, slots, leaks }: SweepParts, found: readonly Listed[]): void {
  if (!overlay) return;
  const names = [
    ...[...slots.values()].map(slot => runtime.nameOf(slot.jobName, slot.number)),
    ...found.map(listed => runtime.nameOf(listed.job_name, listed.instance_number)),
  ];
  for (const hold of overlay.holds.keep(new Set(names))) leaks.found('holds', hold);
}
