import { HedgerowError, messageOf } from '@hedgerow/common';
import type { DeployPayload } from '@hedgerow/protos';
import { ERRORS } from '../../errors.ts';
import { needsAddress } from '../../health/probes.ts';
import type { ImageFacts } from '../../runtimes/runtime.ts';
import type { Context } from '../context.ts';
import type { Desired } from '../desired.ts';
import { about, type Slot } from '../slot.ts';
import { clearAway, removeAside } from './clear.ts';
import { running } from './running.ts';
import { throwIfReplaced, throwIfSuperseded, unlessSuperseded } from './superseded.ts';
import { wire } from './wire.ts';

/**
 * Image first (a pull may take minutes and must not take a start's turn), then what is outdated goes, then the
 * container is made, started on hold, wired and released. Whatever fails, nothing of it is left.
 */
export async function start(context: Context, slot: Slot, desired: Desired): Promise<void> {
  const { signal } = slot.change;
  if (!slot.seen) unwatch(slot);
  context.tell(slot, { status: 'CREATING', detail: 'preparing the container' });
  try {
    const image = await unlessSuperseded(prepare(context, slot, desired.deploy), signal);
    await context.starts.run(async () => {
      throwIfSuperseded(signal);
      if (slot.seen) await clearAway(context, slot, { gracefully: slot.seen.state === 'running' });
      await launch(context, slot, desired, image);
    });
  } finally {
    if (slot.aside.size > 0) context.beside(slot, () => removeAside(context, slot));
  }
}

/** Somebody has removed its container. */
function unwatch(slot: Slot): void {
  slot.monitor?.stop();
  slot.monitor = null;
}

/** @throws RUNTIME_FAILED (not offered here), CHECK_IMPOSSIBLE, IMAGE_UNAVAILABLE */
async function prepare(context: Context, slot: Slot, deploy: DeployPayload): Promise<ImageFacts> {
  refuseImpossible(context, deploy);
  const image = await context.runtime.image(deploy.image, () =>
    context.tell(slot, { status: 'CREATING', detail: `pulling image ${deploy.image}` }),
  );
  await context.overlay?.gateway.ready(() =>
    context.tell(slot, { status: 'CREATING', detail: 'waiting for the Net Manager' }),
  );
  return image;
}

function refuseImpossible({ runtime, overlay }: Context, deploy: DeployPayload): void {
  const { words } = runtime;
  if (!words.includes(deploy.virtualization)) {
    const message = `this worker offers ${words.join(', ')}, not ${deploy.virtualization}`;
    throw new HedgerowError(ERRORS.RUNTIME_FAILED, message);
  }
  const check = deploy.health_check;
  if (!check || overlay || !needsAddress(check)) return;
  const message = `health_check.type is ${check.type}, and containers of this worker have no network; allowed: exec`;
  throw new HedgerowError(ERRORS.CHECK_IMPOSSIBLE, message);
}

async function launch(context: Context, slot: Slot, desired: Desired, image: ImageFacts): Promise<void> {
  const { runtime, overlay } = context;
  const { deploy } = desired;
  const name = runtime.nameOf(slot.jobName, slot.number);
  let container: string | null = null;
  try {
    const hold = overlay ? await overlay.holds.take(name) : null;
    container = await runtime.create({ name, deploy, image, hold });
    context.log.info({ ...about(slot), container }, 'container created');
    const pid = await runtime.start(container);
    const address = await wire(context, deploy, name, pid);
    throwIfReplaced(slot, desired);
    running(context, slot, desired, { container, name, pid, address });
  } catch (error) {
    if (container) await abandon(context, slot, container);
    overlay?.holds.drop(name);
    throw error;
  }
}

/** A container that this fails to remove is found and dealt with when the runtime is looked at again. */
async function abandon(context: Context, slot: Slot, container: string): Promise<void> {
  await context.runtime.remove(container).catch((error: unknown) => {
    const fields = { ...about(slot), container };
    context.log.warn(fields, `half-made container is still there: ${messageOf(error)}`);
  });
}
