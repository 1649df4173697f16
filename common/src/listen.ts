import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { createConnection, type Server } from 'node:net';
import { defineErrors, HedgerowError, messageOf } from './errors.ts';
import { parseIpv4 } from './ipv4.ts';

export const LISTEN_ERRORS = defineErrors({
  ADDRESS_IN_USE: { http: 500, retryable: true },
  LISTEN_FAILED: { http: 500, retryable: false },
});

/** Where a server listens or a client dials: `host:port` or `unix:/path`. */
export type Address = { host: string; port: number } | { path: string };

/** @throws TypeError that names the text; IPv6 hosts stand in brackets */
export function parseAddress(value: string, defaultPort: number): Address {
  if (/^unix:./.test(value)) return { path: value.slice('unix:'.length) };
  const match = /^(?:\[([^\]]+)\]|([^:\s]+))(?::(\d{1,5}))?$/.exec(value);
  const port = Number(match?.[3] ?? defaultPort);
  if (!match || port > 65535) throw new TypeError(`not an address: ${JSON.stringify(value)}`);
  return { host: (match[1] ?? match[2]) as string, port };
}

export function formatAddress(address: Address): string {
  if ('path' in address) return `unix:${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

/** True for addresses that only this machine can use; a name is not one, but for `localhost`. */
export function isLoopback(host: string): boolean {
  const v4 = parseIpv4(host.replace(/^::ffff:/i, ''));
  return host === 'localhost' || host === '::1' || (v4 !== null && v4 >>> 24 === 127);
}

/**
 * Listens, and answers with the real address (port 0 becomes a port). A unix socket left by a killed process would
 * give EADDRINUSE: it is removed when nobody answers on it. Sockets are for this user alone (mode 0600).
 * @throws ADDRESS_IN_USE, LISTEN_FAILED
 */
export async function listen(server: Server, address: Address): Promise<Address> {
  try {
    if ('path' in address) await removeDeadSocket(address.path);
    await bind(server, address);
    if ('path' in address) chmodSync(address.path, 0o600);
  } catch (cause) {
    throw listenError(address, cause);
  }
  const bound = server.address();
  if ('path' in address || bound === null || typeof bound === 'string') return address;
  return { host: address.host, port: bound.port };
}

/** Stops listening; connections that are open end with their owners. Not listening is no error. */
export function closeServer(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
  });
}

function bind(server: Server, address: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...address }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Only a socket that refuses connections is removed: never a file, nor a socket whose owner is merely busy. */
async function removeDeadSocket(path: string): Promise<void> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  if ((await connectError(path)) === 'ECONNREFUSED') unlinkSync(path);
}

/** @returns null when somebody answers, else the code of the error */
function connectError(path: string): Promise<string | null> {
  return new Promise(resolve => {
    const probe = createConnection({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(null);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });
}

function listenError(address: Address, cause: unknown): HedgerowError {
  const where = formatAddress(address);
  return (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
    ? new HedgerowError(LISTEN_ERRORS.ADDRESS_IN_USE, `${where} is in use by another process`, { cause })
    : new HedgerowError(LISTEN_ERRORS.LISTEN_FAILED, `cannot listen on ${where}: ${messageOf(cause)}`, {
        cause,
      });
}
