/** What ran under ids that this machine had before: it goes, also when the engine died right after it got another id. */
import { backoff, type Clock, type Logger, messageOf, type Store, update } from '@hedgerow/common';
import { pause, REGISTRATION, registrationIn } from './cluster/registration.ts';
import type { NodeConfig } from './config.ts';
import { forgetInstances, removeContainers } from './remove-all.ts';

const RETRY = { first: 1000, max: 60_000 };

interface FormerDeps {
  store: Store;
  clock: Clock;
  log: Logger;
}

/** What is stored as having to run was a former id's: it must not be started under this one. */
export async function forgetOutdated(store: Store): Promise<void> {
  const registration = registrationIn(store);
  if (!(await registration.get(REGISTRATION))?.outdated) return;
  await forgetInstances(store);
  await update(registration, REGISTRATION, current => ({ ...current, outdated: false }));
}

/**
 * Removes containers of former ids. Goes on trying in the background, as the Docker Engine may be away.
 * @param ending aborts it
 */
export async function clearFormer(config: NodeConfig, deps: FormerDeps, ending: AbortSignal): Promise<void> {
  const known = await registrationIn(deps.store).get(REGISTRATION);
  for (const workerId of known?.former ?? []) clearLater(config, deps, workerId, ending);
}

function clearLater(
  config: NodeConfig,
  deps: FormerDeps,
  workerId: string,
  ending: AbortSignal,
  attempt = 0,
): void {
  clear(config, deps, workerId).catch(async (error: unknown) => {
    deps.log.warn(
      { former: workerId, attempt },
      `containers of a former id not removed: ${messageOf(error)}`,
    );
    await pause(deps.clock, backoff(attempt, RETRY), ending).catch(() => {});
    if (!ending.aborted) clearLater(config, deps, workerId, ending, attempt + 1);
  });
}

async function clear(config: NodeConfig, { store, log }: FormerDeps, workerId: string): Promise<void> {
  const count = await removeContainers(config, workerId);
  await update(registrationIn(store), REGISTRATION, current => ({
    ...current,
    former: (current.former ?? []).filter(id => id !== workerId),
  }));
  log.info({ former: workerId, containers: count }, 'containers of a former id are removed');
}
