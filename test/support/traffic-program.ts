/**
 * Runs inside a client container's network namespace: `traffic-program.ts ADDRESS EVERY LIMIT` sends a request to port 80
 * every EVERY ms, each on a connection of its own, whatever became of those before, and waits LIMIT ms for its answer. For
 * each line on standard input it prints a `Tally` of what has ended since the line before.
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { Tally } from './traffic.ts';

const [host = '', every, limit] = process.argv.slice(2);
const fresh = (): Tally => ({ asked: 0, answers: {}, lost: [] });
let tally = fresh();

function ask(): void {
  const at = Date.now();
  const socket = connect({ host, port: 80, noDelay: true });
  let body = '';
  let over = false;
  const end = (lost: string | null): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    socket.destroy();
    tally.asked += 1;
    // what the demo says: its host's name and the address that it had when it started
    const [, address = ''] = /\r\n\r\n\S+ (\S+)/.exec(body) ?? [];
    const why = lost ?? (address === '' ? `no answer: ${JSON.stringify(body)}` : null);
    if (why === null) tally.answers[address] = (tally.answers[address] ?? 0) + 1;
    else tally.lost.push({ at: new Date(at).toISOString(), after: Date.now() - at, why });
  };
  const timer = setTimeout(end, Number(limit), 'too late');
  socket.on('connect', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
  socket.on('data', data => {
    body += data;
  });
  socket.on('error', ({ message }) => end(message)).on('end', () => end(null));
}

setInterval(ask, Number(every));
process.stdout.write('ready\n');
for await (const _ of createInterface(process.stdin)) {
  process.stdout.write(`${JSON.stringify(tally)}\n`);
  tally = fresh();
}
process.exit();
