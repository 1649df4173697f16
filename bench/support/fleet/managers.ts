/** Root and cluster, as two processes or as one. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { freePort } from '../net/free-port.ts';
import type { Tap } from '../net/tap.ts';
import type { RootAddress } from '../root-api.ts';
import { waitUntil } from '../wait.ts';
import { bundleManager } from './bundle.ts';
import type { Station } from './lan.ts';
import type { RoleStarter } from './role.ts';

export interface Managers {
  api: RootAddress;
  clusterAddress: string;
  workerToken: string;
  /** process ids by role */
  processes: Record<string, number>;
}

const MACHINE = 'managers';

/**
 * The root listens on loopback of the machine's own namespace, the cluster dials it over a unix socket.
 * @param tap between the two; null = none
 */
export async function startApart(
  roles: RoleStarter,
  at: Station,
  name: string,
  tap: Tap | null,
): Promise<Managers> {
  const { dir } = roles;
  const socket = path.join(dir, 'root.sock');
  // a port of its own that stays the same when it is started again
  const port = String(await freePort());
  const listen = ['--host', '127.0.0.1', '--port', port, '--socket', socket];
  const rootFlags = [...listen, '--data', path.join(dir, 'root')];
  const root = await roles.start({ role: 'root', name: 'root', machine: MACHINE, flags: rootFlags });
  const token = await readToken(path.join(dir, 'root', 'cluster-token'));
  tap?.connectTo(socket);
  const dial = ['--root', `unix:${tap?.path ?? socket}`, `--root-token=${token}`, '--name', name];
  const clusterFlags = [...dial, '--host', at.address, '--data', path.join(dir, 'cluster')];
  const place = { machine: MACHINE, netns: at.netns.path };
  const cluster = await roles.start({ role: 'cluster', name: 'cluster', ...place, flags: clusterFlags });
  const processes = { root: root.pid, cluster: cluster.pid };
  const url = new URL(String(root.ready.url));
  return { ...(await upstream(roles, at)), api: { host: url.hostname, port: Number(url.port) }, processes };
}

/** Both live in the cluster's namespace, so the API is spoken to over the unix socket. */
export async function startTogether(roles: RoleStarter, at: Station, name: string): Promise<Managers> {
  const { dir } = roles;
  const socket = path.join(dir, 'root.sock');
  const env = {
    ROOT_SOCKET: socket,
    ROOT_DATA: path.join(dir, 'root'),
    SYSTEM_MANAGER_URL: `unix:${socket}`,
    CLUSTER_NAME: name,
    CLUSTER_HOST: at.address,
    CLUSTER_DATA: path.join(dir, 'cluster'),
  };
  const role = await bundleManager(dir);
  const place = { machine: MACHINE, netns: at.netns.path };
  const manager = await roles.start({ role, name: 'manager', ...place, flags: [], env });
  return { ...(await upstream(roles, at)), api: { socketPath: socket }, processes: { manager: manager.pid } };
}

async function upstream(
  roles: RoleStarter,
  at: Station,
): Promise<Pick<Managers, 'clusterAddress' | 'workerToken'>> {
  const workerToken = await readToken(path.join(roles.dir, 'cluster', 'worker-token'));
  return { clusterAddress: at.address, workerToken };
}

function readToken(file: string): Promise<string> {
  return waitUntil(file, 5000, 20, () => readFile(file, 'utf8').then(text => text.trim()));
}
