/** Stands between a cluster and its root on unix sockets: counts what they say, and can cut it. */
import { connect, createServer, type Socket } from 'node:net';
import { type Lifecycle, listen } from '@hedgerow/common';

export interface Tap {
  /** socket for the cluster to dial */
  readonly path: string;
  /** bytes both ways since the tap was opened */
  readonly bytes: number;
  /** @param path the root's socket */
  connectTo(path: string): void;
  /** Ends every connection and accepts none that lives. */
  cut(): void;
  heal(): void;
}

export async function openTap(life: Lifecycle, path: string): Promise<Tap> {
  const open = new Set<Socket>();
  let [bytes, isCut, target] = [0, false, ''];
  const track = (socket: Socket): Socket => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    return socket.on('data', (data: Buffer) => {
      bytes += data.length;
    });
  };
  const server = createServer(near => {
    if (isCut) return void near.destroy();
    const far = track(connect(target));
    track(near).pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await listen(server, { path });
  const cut = (): void => {
    isCut = true;
    for (const socket of open) socket.destroy();
  };
  life.add('tap', () => {
    server.close();
    cut();
  });
  return {
    path,
    get bytes() {
      return bytes;
    },
    connectTo(to) {
      target = to;
    },
    cut,
    heal() {
      isCut = false;
    },
  };
}
