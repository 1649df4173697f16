import { createServer, type RequestListener, type Server } from 'node:http';

/** What an HTTP server allows: ms, bytes and connections. */
export interface ServerLimits {
  headersTimeout: number;
  requestTimeout: number;
  keepAliveTimeout: number;
  connectionsCheckingInterval: number;
  maxHeaderSize: number;
  connections: number;
}

/** For servers that a handful of clients on the same machine or network speak to, in small requests. */
export const SMALL: ServerLimits = {
  headersTimeout: 5000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 8192,
  connections: 64,
};

/** Who sends nothing, too slowly or too much is let go of, and whoever comes when all places are taken. */
export function smallServer(listener: RequestListener, limits: ServerLimits = SMALL): Server {
  const { connections, ...options } = limits;
  const server = createServer(options, listener);
  server.maxConnections = connections;
  return server;
}
