import { connect, createServer, type Socket } from 'node:net';

export interface EngineProxy {
  socket: string;
  /** Requests that begin so are never answered, from now on; those of before stay as they are. */
  swallow: (request: RegExp) => void;
  /** that were not answered */
  readonly swallowed: number;
  /** Breaks what is open. */
  cut(): void;
  stop(): Promise<void>;
}

/** Stands before a Docker Engine's socket, for a client that makes each call on a connection of its own. */
export async function startEngineProxy(engine: string, socket: string): Promise<EngineProxy> {
  const open = new Set<Socket>();
  let silent = /^\b$/;
  let swallowed = 0;
  const track = (one: Socket): Socket => {
    open.add(one);
    return one.on('error', () => {}).once('close', () => open.delete(one));
  };
  const server = createServer(client => {
    track(client).once('data', head => {
      if (silent.test(head.toString('latin1'))) swallowed += 1;
      else {
        const upstream = track(connect(engine));
        upstream.write(head);
        client.pipe(upstream).pipe(client);
        client.once('close', () => upstream.destroy());
      }
    });
  });
  const cut = (): void => {
    for (const one of open) one.destroy();
  };
  await new Promise<void>(resolve => server.listen(socket, () => resolve()));
  return {
    socket,
    swallow: request => {
      silent = request;
    },
    get swallowed() {
      return swallowed;
    },
    cut,
    stop() {
      cut();
      return new Promise(resolve => server.close(() => resolve()));
    },
  };
}
