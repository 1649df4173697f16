/**
 * Program that runs inside a client container's namespace. `probe.ts ADDRESS PORT EVERY LIMIT`: sends one request every
 * EVERY ms, whatever became of those before, each on a connection of its own, and waits LIMIT ms for an answer. For each
 * line on standard input it prints, as JSON, what was tried since the line before: when (epoch ms), and when the answer
 * came, null when none did. Requests that are still under way are part of the next line.
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { tieToWallClock } from '../wall-clock.ts';

const [address = '', port, every, limit] = process.argv.slice(2);
const clock = tieToWallClock();
let ended: { at: number; answered: number | null }[] = [];

function ask(): void {
  const at = clock.now();
  const socket = connect({ host: address, port: Number(port), noDelay: true });
  let open = true;
  const end = (answered: number | null): void => {
    if (open) ended.push({ at, answered });
    open = false;
    clearTimeout(timer);
    socket.destroy();
  };
  const timer = setTimeout(end, Number(limit), null);
  socket.once('connect', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
  socket.once('data', () => end(clock.now()));
  // refused, reset or closed without a word: no answer
  socket.on('error', () => end(null)).once('end', () => end(null));
}

setInterval(ask, Number(every));
for await (const _ of createInterface(process.stdin)) {
  const told = ended;
  ended = [];
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
