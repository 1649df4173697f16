/** A proxy on loopback that loses answers and holds requests back, for tests of what a client makes of that. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface LossyProxy {
  port: number;
  /**
   * The next request with these bytes reaches the server; its answer does not reach the client, whose connection is cut
   * instead. @param before runs between the two @param times so many requests
   */
  loseAnswer(request: string, before?: () => Promise<unknown>, times?: number): void;
  /** Requests with these bytes wait. @returns lets them pass */
  hold(request: string): () => void;
  /** Cuts all connections; new ones are accepted. */
  cut(): void;
  /** Nothing passes in either direction, and nobody is told, until `thaw`. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

export async function startProxy(port: number): Promise<LossyProxy> {
  const sockets = new Set<Socket>();
  let loss = { request: '', times: 0, before: async (): Promise<unknown> => undefined };
  let held = { request: '', passed: Promise.resolve() };
  let frozen = false;
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    if (frozen) socket.pause();
    return socket;
  };
  const server = createServer(socket => {
    const client = track(socket);
    const upstream = track(connect(port, '127.0.0.1'));
    let losing = false;
    client.on('data', async data => {
      if (held.request !== '' && data.includes(held.request)) await held.passed;
      if (loss.times > 0 && data.includes(loss.request)) {
        loss.times -= 1;
        losing = true;
      }
      upstream.write(data);
    });
    upstream.on('data', async data => {
      if (!losing) return void client.write(data);
      await loss.before();
      client.destroy();
      upstream.destroy();
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    loseAnswer(request, before = async () => undefined, times = 1) {
      loss = { request, before, times };
    },
    hold(request) {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = { request, passed: promise };
      return () => {
        held = { ...held, request: '' };
        resolve();
      };
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    freeze() {
      frozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw() {
      frozen = false;
      for (const socket of sockets) socket.resume();
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
