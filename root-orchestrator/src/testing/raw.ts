/** Bytes on a connection, as no client library would send them. */
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';

/** Two a time would be fine, too; hundreds at once overflow the queue of what is to be accepted. */
const AT_A_TIME = 50;

export async function dial(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = createConnection({ host: hostname, port: Number(port), noDelay: true });
  // What the other side does to it is looked at, never thrown.
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** @param bytes of each connection, by its number. @returns open connections, on which these were sent */
export async function dialMany(
  url: string,
  count: number,
  bytes: (at: number) => Buffer | string,
): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const next = Math.min(AT_A_TIME, count - sockets.length);
    const dialled = await Promise.all(Array.from({ length: next }, () => dial(url)));
    for (const socket of dialled) {
      const own = bytes(sockets.length);
      if (own.length > 0) socket.write(own);
      sockets.push(socket);
    }
  }
  return sockets;
}

/** What comes until the other side ends it. */
export async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of socket) chunks.push(chunk as Buffer);
  } catch {
    // reset: what came before counts
  }
  return Buffer.concat(chunks).toString('latin1');
}

export interface RawAnswer {
  status: number;
  head: string;
  body: string;
}

/** Answers with a length, one after the other. */
export function answersIn(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = text;
  for (let end = rest.indexOf('\r\n\r\n'); end >= 0; end = rest.indexOf('\r\n\r\n')) {
    const head = rest.slice(0, end);
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    const body = rest.slice(end + 4, end + 4 + length);
    answers.push({ status: Number(head.split(' ')[1]), head, body });
    rest = rest.slice(end + 4 + length);
  }
  return answers;
}
