/**
 * Program that runs inside a client container's namespace. `probe.ts ADDRESS PORT EVERY LIMIT`: sends one request every
 * EVERY ms, whatever became of those before, each on a connection of its own, and waits LIMIT ms for an answer. For each
 * line on standard input it prints, as JSON, what was tried since the line before: when (epoch ms), and when the answer
 * came, null when none did. Requests that are still under way are part of the next line.
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { tieToWallClock } from '../wall-clock.ts';

interface Target {
  host: string;
  port: number;
  limit: number;
}

async function probe(target: Target, every: number): Promise<void> {
  const clock = tieToWallClock();
  let ended: { at: number; answered: number | null }[] = [];
  setInterval(() => {
    const at = clock.now();
    ask(target, answered => ended.push({ at, answered: answered ? clock.now() : null }));
  }, every);
  for await (const _ of createInterface(process.stdin)) {
    const told = ended;
    ended = [];
    process.stdout.write(`${JSON.stringify(told)}\n`);
  }
}

/** @param done called once */
function ask({ host, port, limit }: Target, done: (answered: boolean) => void): void {
  const socket = connect({ host, port, noDelay: true });
  let open = true;
  const end = (answered: boolean): void => {
    if (open) done(answered);
    open = false;
    clearTimeout(timer);
    socket.destroy();
  };
  const timer = setTimeout(end, limit, false);
  socket.once('connect', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
  socket.once('data', () => end(true));
  // refused, reset or closed without a word: no answer
  socket.on('error', () => end(false)).once('end', () => end(false));
}

const [host = '', port, every, limit] = process.argv.slice(2);
await probe({ host, port: Number(port), limit: Number(limit) }, Number(every));
