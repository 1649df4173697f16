import type { Logger } from '@hedgerow/common';
import { createExec, type Exec } from './exec/exec.ts';
import { foundLinks, removeLink } from './kernel/links.ts';
import { type LinkRow, type RouteRow, rowsOf } from './kernel/listings.ts';
import { DROP_TABLE, removeDockerLines } from './kernel/nat.ts';
import { observeDocker } from './kernel/observe.ts';
import { removePolicies } from './kernel/policies.ts';
import { foundRoutes, removeRoute } from './kernel/routes.ts';
import { writeSysctl } from './kernel/sysctl.ts';
import { REMOVE_TUNNEL } from './kernel/tunnel.ts';
import { openStorage, type Storage } from './storage.ts';
import { ROUTE_PROTOCOL } from './table/names.ts';
import { EMPTY_STATE } from './table/state.ts';

/**
 * Removes everything of ours from the network namespace that it runs in, restores kernel settings and forgets what
 * was stored. Needs no running Net Manager and no memory of what one did.
 * @param data the directory that the Net Manager was started with
 */
export async function teardown(data: string, deps: { log: Logger }): Promise<void> {
  const storage = openStorage(data, deps.log);
  try {
    const exec = createExec();
    await removeFromKernel(exec);
    await removePolicies(exec, deps.log);
    await restoreSysctls(storage);
    const services = (await storage.services()).map(({ entry }): [string, null] => [entry.job_name, null]);
    await storage.save(await storage.state(), EMPTY_STATE, new Map(services));
    deps.log.info({}, 'the data path is removed');
  } finally {
    await storage.close();
  }
}

async function removeFromKernel(exec: Exec): Promise<void> {
  const docker = await observeDocker(exec);
  await exec.batch('nft', [...DROP_TABLE, ...removeDockerLines(docker)]);
  const routes = rowsOf<RouteRow>(
    await exec.read('ip', ['-j', '-4', 'route', 'show', 'proto', String(ROUTE_PROTOCOL)]),
  );
  const links = foundLinks(rowsOf<LinkRow>(await exec.read('ip', ['-j', '-d', 'address', 'show'])));
  await exec.batch('ip', [
    ...[...foundRoutes(routes).keys()].map(removeRoute),
    ...[...links.keys()].map(removeLink),
    REMOVE_TUNNEL,
  ]);
}

async function restoreSysctls(storage: Storage): Promise<void> {
  for (const [name, value] of await storage.sysctls()) {
    await writeSysctl(name, value);
    await storage.forgetSysctl(name);
  }
}
