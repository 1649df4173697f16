/**
 * One port for two protocols. The first bytes of a connection tell: HTTP/2 with prior knowledge starts with `PRI`
 * (gRPC), anything else is HTTP/1.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { type Address, type Clock, closeServer, listen } from '@hedgerow/common';

export interface PortDeps {
  http: RequestListener;
  http2: (socket: Socket) => void;
  clock: Clock;
}

export interface Port {
  /** with the real port number */
  address: Address;
  /** Cuts HTTP/2 and silent connections; HTTP/1 requests in flight have a second to finish. */
  close(): Promise<void>;
}

/** ms that a connection may stay without having said what it is, or without a request's whole head */
const SILENCE = 10_000;
/** ms for a whole request */
const REQUEST_TIMEOUT = 30_000;
const KEEP_ALIVE = 65_000;
const FAREWELL = 1_000;
const PREFACE = Buffer.from('PRI');

export async function openPort(address: Address, deps: PortDeps): Promise<Port> {
  const server = createServer(
    {
      headersTimeout: SILENCE,
      requestTimeout: REQUEST_TIMEOUT,
      keepAliveTimeout: KEEP_ALIVE,
      connectionsCheckingInterval: SILENCE / 2,
    },
    (request, response) => {
      // A connection that becomes idle while the port closes would be waited for.
      response.once('close', () => setImmediate(() => server.listening || server.closeIdleConnections()));
      deps.http(request, response);
    },
  );
  const others = splitByProtocol(server, deps);
  const bound = await listen(server, address);
  return {
    address: bound,
    async close() {
      const closed = closeServer(server);
      for (const socket of others) socket.destroy();
      const cancel = deps.clock.after(FAREWELL, () => server.closeAllConnections());
      await closed;
      cancel();
    },
  };
}

/** Puts the look at the first bytes before the server's own handling. @returns the sockets that are not HTTP/1's */
function splitByProtocol(server: Server, deps: PortDeps): ReadonlySet<Socket> {
  const takeHttp1 = server.listeners('connection') as ((socket: Socket) => void)[];
  const others = new Set<Socket>();
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    others.add(socket);
    socket.once('close', () => others.delete(socket));
    peek(socket, deps.clock, isHttp2 => {
      if (isHttp2) return deps.http2(socket);
      others.delete(socket);
      for (const take of takeHttp1) take.call(server, socket);
    });
  });
  return others;
}

/** Reads until the protocol is certain, gives the bytes back, and hands over. */
function peek(socket: Socket, clock: Clock, handOver: (isHttp2: boolean) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const cancel = clock.after(SILENCE, () => socket.destroy());
  const giveUp = (): void => void socket.destroy();
  const look = (chunk: Buffer): void => {
    seen = Buffer.concat([seen, chunk]);
    const isPreface = seen.subarray(0, PREFACE.length).equals(PREFACE.subarray(0, seen.length));
    if (isPreface && seen.length < PREFACE.length) return;
    socket.off('data', look).off('end', giveUp).off('error', giveUp).off('close', cancel);
    cancel();
    socket.pause();
    socket.unshift(seen);
    handOver(isPreface);
    process.nextTick(() => socket.resume());
  };
  socket.on('data', look).on('end', giveUp).on('error', giveUp).on('close', cancel);
}
