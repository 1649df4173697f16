import type { IncomingMessage } from 'node:http';

/** An answer of plain text, line by line as it comes. */
export async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  // quiet for as long as the instance is
  response.socket.setTimeout(0).setKeepAlive(true, KEEPALIVE);
  response.setEncoding('utf8');
  let rest = '';
  for await (const piece of response) {
    const parts = (rest + piece).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
  }
  if (rest !== '') yield rest;
}

/** ms of silence until TCP asks whether the root is still there */
const KEEPALIVE = 15_000;
