import { chmodSync, unlinkSync } from 'node:fs';
import { createConnection, type Server } from 'node:net';

/** Where a server listens or a client dials: `host:port` or `unix:/path`. */
export type Address = { host: string; port: number } | { path: string };

export function parseAddress(value: string, defaultPort: number): Address {
  if (value.startsWith('unix:')) return { path: value.slice('unix:'.length) };
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(value);
  if (!match) throw new TypeError(`not an address: ${value}`);
  return { host: (match[1] ?? match[2]) as string, port: Number(match[3] ?? defaultPort) };
}

export function formatAddress(address: Address): string {
  return 'path' in address ? `unix:${address.path}` : `${address.host}:${address.port}`;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/**
 * Listens, and answers with the real address (port 0 becomes a port). A unix socket left by a killed process would
 * give EADDRINUSE: it is removed when nobody answers on it. Sockets are for this user alone (mode 0600).
 */
export async function listen(server: Server, address: Address): Promise<Address> {
  if ('path' in address) await removeDeadSocket(address.path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(
      'path' in address ? { path: address.path } : { host: address.host, port: address.port },
      () => {
        server.off('error', reject);
        resolve();
      },
    );
  });
  if ('path' in address) {
    chmodSync(address.path, 0o600);
    return address;
  }
  const bound = server.address();
  return { host: address.host, port: typeof bound === 'object' && bound ? bound.port : address.port };
}

/** Stops listening; connections that are open end with their owners. */
export function closeServer(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
  });
}

async function removeDeadSocket(path: string): Promise<void> {
  const alive = await new Promise<boolean>(resolve => {
    const probe = createConnection({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
  if (alive) return;
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
