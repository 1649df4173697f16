/**
 * One port for two protocols. The first bytes of a connection tell: HTTP/2 with prior knowledge starts with `PRI`
 * (gRPC), anything else is HTTP/1.
 */
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import { type Address, type Clock, closeServer, listen } from '@hedgerow/common';
import { answerBroken } from './broken.ts';

export interface PortDeps {
  http: RequestListener;
  http2: (socket: Socket) => void;
  clock: Clock;
  limits?: Partial<PortLimits>;
}

export interface Port {
  /** with the real port number */
  address: Address;
  /** Cuts HTTP/2 and silent connections; HTTP/1 requests in flight have a second to finish. */
  close(): Promise<void>;
}

export interface PortLimits {
  /** ms that a connection may stay without having said what it is, or without a request's whole head */
  silence: number;
  /** ms for a whole request */
  request: number;
  /** ms between two requests */
  keepAlive: number;
  /** Events take 2,000, clusters one each; what comes on top of these is closed at once. */
  connections: number;
}

const LIMITS: PortLimits = { silence: 10_000, request: 30_000, keepAlive: 65_000, connections: 5_000 };
/** bytes of a request's head, and fields in it */
const LARGEST_HEAD = 16 * 1024;
const MOST_FIELDS = 200;
const FAREWELL = 1_000;
const PREFACE = Buffer.from('PRI');

export async function openPort(address: Address, deps: PortDeps): Promise<Port> {
  const limits = { ...LIMITS, ...deps.limits };
  const server = createServer(serverOptions(limits), (request, response) => {
    // A connection that becomes idle while the port closes would be waited for.
    response.once('close', () => setImmediate(() => server.listening || server.closeIdleConnections()));
    deps.http(request, response);
  });
  server.maxConnections = limits.connections;
  server.maxHeadersCount = MOST_FIELDS;
  // Some of those who are there have nothing to say.
  server.on('drop', () => server.closeIdleConnections());
  answerBroken(server);
  const others = splitByProtocol(server, deps, limits);
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

function serverOptions({ silence, request, keepAlive }: PortLimits): ServerOptions {
  return {
    headersTimeout: silence,
    requestTimeout: request,
    keepAliveTimeout: keepAlive,
    connectionsCheckingInterval: Math.min(silence, request) / 2,
    maxHeaderSize: LARGEST_HEAD,
    // Node's own answer would be empty.
    requireHostHeader: false,
  };
}

/** Puts the look at the first bytes before the server's own handling. @returns the sockets that are not HTTP/1's */
function splitByProtocol(server: Server, deps: PortDeps, { silence }: PortLimits): ReadonlySet<Socket> {
  const takeHttp1 = server.listeners('connection') as ((socket: Socket) => void)[];
  const others = new Set<Socket>();
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    others.add(socket);
    socket.once('close', () => others.delete(socket));
    const cancel = deps.clock.after(silence, () => socket.destroy());
    socket.once('close', cancel);
    peek(socket, isHttp2 => {
      cancel();
      if (isHttp2) return deps.http2(socket);
      others.delete(socket);
      for (const take of takeHttp1) take.call(server, socket);
    });
  });
  return others;
}

/** Reads until the protocol is certain, gives the bytes back, and hands over. */
function peek(socket: Socket, handOver: (isHttp2: boolean) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const giveUp = (): void => void socket.destroy();
  const look = (chunk: Buffer): void => {
    seen = Buffer.concat([seen, chunk]);
    const isPreface = seen.subarray(0, PREFACE.length).equals(PREFACE.subarray(0, seen.length));
    if (isPreface && seen.length < PREFACE.length) return;
    socket.off('data', look).off('end', giveUp).off('error', giveUp);
    socket.pause();
    socket.unshift(seen);
    handOver(isPreface);
    process.nextTick(() => socket.resume());
  };
  socket.on('data', look).on('end', giveUp).on('error', giveUp);
}
