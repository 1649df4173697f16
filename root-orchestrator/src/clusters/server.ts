import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { Clock, Logger } from '@hedgerow/common';
import { LINK_LOADER_OPTIONS, LINK_SERVICE, linkProtoPath } from '@hedgerow/protos';
import type { LinkCounts } from '../metrics/link.ts';
import { type Call, Session } from './session.ts';
import { tokenCheck } from './token.ts';

export interface LinkServerOptions {
  /** join token of clusters */
  token: string;
  /** folder of the .proto; "" = beside the sources */
  assets: string;
  /** ms between pings, and ms that an answer may take: a dead cluster is noticed after twice this */
  keepalive: number;
  clock: Clock;
  log: Logger;
  counts: LinkCounts;
  /** Called with every stream that brought the token. */
  accept: (session: Session) => void;
}

export interface LinkServer {
  /** Takes over a connection that begins with the preface of HTTP/2; nothing of it may have been consumed. */
  inject(socket: Socket): void;
  stop(): void;
}

/** A whole list of a large cluster is one message: 16,000 instances with a kilobyte each. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** ms for the last words of streams when the root stops */
const FAREWELL = 100;

/** The gRPC side of port 10000. It listens nowhere itself: connections are handed in. */
export function createLinkServer(options: LinkServerOptions): LinkServer {
  const server = new Server({
    'grpc.keepalive_time_ms': options.keepalive,
    'grpc.keepalive_timeout_ms': options.keepalive,
    'grpc.keepalive_permit_without_calls': 1,
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.enable_channelz': 0,
  });
  const sessions = new Set<Session>();
  // gRPC does not say which connection a call came on, but its events run in the context of the connection.
  const connections = new AsyncLocalStorage<Socket>();
  server.addService(linkService(options.assets), connectHandler(options, sessions, connections));
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return {
    inject: socket => connections.run(socket, () => injector.injectConnection(socket)),
    stop() {
      for (const session of sessions) session.fail(status.UNAVAILABLE, 'the root is stopping');
      injector.drain(FAREWELL);
      server.forceShutdown();
    },
  };
}

function linkService(assets: string): ServiceDefinition {
  const definition = loadSync(linkProtoPath(assets || undefined), LINK_LOADER_OPTIONS)[LINK_SERVICE];
  if (!definition) throw new TypeError(`${LINK_SERVICE} is not in the .proto file`);
  return definition as ServiceDefinition;
}

function connectHandler(
  { token, clock, log, counts, accept }: LinkServerOptions,
  sessions: Set<Session>,
  connections: AsyncLocalStorage<Socket>,
): UntypedServiceImplementation {
  const isValid = tokenCheck(token);
  return {
    Connect(call: Call) {
      const socket = connections.getStore();
      const session = new Session({ call, clock, counts, cut: () => socket?.destroy() });
      sessions.add(session);
      void session.closed.then(() => sessions.delete(session));
      if (isValid(call.metadata.get('authorization')[0]?.toString())) return accept(session);
      log.warn({ peer: session.peer }, 'a cluster without a valid join token was turned away');
      session.fail(
        status.UNAUTHENTICATED,
        'the join token is missing or wrong: send it as metadata "authorization: Bearer <token>"',
      );
    },
  };
}
