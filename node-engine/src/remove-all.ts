import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, openSqlite, type Store, silentLogger, systemClock } from '@hedgerow/common';
import { REGISTRATION, registrationIn } from './cluster/registration.ts';
import { completeConfig, type NodeConfig } from './config.ts';
import { DesiredStore, keyOf } from './instances/desired.ts';
import { RESERVE_FILE } from './reserve.ts';
import { DockerRuntime } from './runtimes/docker/docker-runtime.ts';

/**
 * For taking a worker down: kills and removes its containers and forgets what it had to run. Who it is stays, so that
 * it may come back. Not while its engine runs.
 * @returns how many containers there were
 */
export async function removeAll(
  given: Partial<NodeConfig> & Pick<NodeConfig, 'data'>,
  deps: { log: Logger },
): Promise<number> {
  const config = completeConfig(given);
  const store = openSqlite({ file: join(config.data, 'node.sqlite'), durability: 'normal' });
  try {
    const known = await registrationIn(store).get(REGISTRATION);
    if (!known) return 0;
    await forgetInstances(store);
    // what it knows of documents that are gone would be taken for later ones of the same names
    rmSync(join(config.data, RESERVE_FILE), { force: true });
    let count = 0;
    for (const id of [known.worker_id, ...(known.former ?? [])]) count += await removeContainers(config, id);
    rmSync(join(config.data, 'hold'), { recursive: true, force: true });
    deps.log.info({ worker: known.worker_id, containers: count }, 'removed');
    return count;
  } finally {
    await store.close();
  }
}

/** @returns how many containers there were. @throws RUNTIME_AWAY */
export async function removeContainers(config: NodeConfig, workerId: string): Promise<number> {
  const { shim, docker: socket, stopGrace } = config;
  const runtime = new DockerRuntime({
    workerId,
    shim,
    socket,
    stopGrace,
    clock: systemClock,
    log: silentLogger,
  });
  const found = await runtime.list();
  await Promise.all(found.map(seen => runtime.remove(seen.container)));
  return found.length;
}

/** Nothing has to run any more. */
export async function forgetInstances(store: Store): Promise<void> {
  const desired = new DesiredStore(store);
  for (const { deploy } of await desired.all()) {
    await desired.forget(keyOf(deploy.job_name, deploy.instance_number));
  }
}
