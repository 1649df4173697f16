import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { STATUS_PORT } from '@hedgerow/common/metrics';
import { TUNNEL_PORT } from '@hedgerow/protos';
import { type Finding, ok, warning } from './finding.ts';

interface PortUse {
  port: number;
  protocol: 'tcp' | 'udp';
  what: string;
  flag: string;
}

export const PORTS: readonly PortUse[] = [
  { port: 10000, protocol: 'tcp', what: 'System Manager', flag: 'hedge root --port' },
  { port: 10100, protocol: 'tcp', what: 'Cluster Manager', flag: 'hedge cluster --port' },
  { port: 10003, protocol: 'tcp', what: 'broker', flag: 'hedge cluster --mqtt-port' },
  { port: STATUS_PORT, protocol: 'tcp', what: 'status pages', flag: 'hedge worker --status-listen' },
  { port: TUNNEL_PORT, protocol: 'udp', what: 'tunnel', flag: 'hedge worker --tunnel-port' },
];

/** A port in use may well be Hedgerow itself: a warning. */
export async function checkPort({ port, protocol, what, flag }: PortUse): Promise<Finding> {
  const name = `port ${port}/${protocol}`;
  if (await isFree(port, protocol)) return ok(name, `free for the ${what}`);
  return warning(
    name,
    'in use',
    `if it is not Hedgerow: stop what uses it (ss -lnp), or choose another with ${flag}`,
  );
}

export function isFree(port: number, protocol: 'tcp' | 'udp', host = '0.0.0.0'): Promise<boolean> {
  return protocol === 'tcp' ? isTcpFree(port, host) : isUdpFree(port, host);
}

function isTcpFree(port: number, host: string): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function isUdpFree(port: number, host: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind({ port, address: host, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}
