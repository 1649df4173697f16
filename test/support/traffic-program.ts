/**
 * Runs inside a client container's network namespace: `traffic-program.ts ADDRESS EVERY LIMIT` sends a request to port 80
 * every EVERY ms, each on a connection of its own, whatever became of those before, and waits LIMIT ms for its answer. For
 * each line on standard input it prints a `Tally` of what has ended since the line before.
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { Tally } from './traffic.ts';

type Ended = { answeredBy: string } | { why: string };

/** @param limit ms @param done called once */
function ask(host: string, limit: number, done: (ended: Ended) => void): void {
  const socket = connect({ host, port: 80, noDelay: true });
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const timer = setTimeout(resolve, limit, { why: 'too late' });
  let body = '';
  socket.on('connect', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
  socket.on('data', data => {
    body += data;
  });
  socket.on('end', () => resolve(meaningOf(body))).on('error', ({ message }) => resolve({ why: message }));
  void promise.then(ended => {
    clearTimeout(timer);
    socket.destroy();
    done(ended);
  });
}

/** What the demo says: its host's name and the address that it had when it started. */
function meaningOf(body: string): Ended {
  const [, answeredBy] = /\r\n\r\n\S+ (\S+)/.exec(body) ?? [];
  return answeredBy === undefined ? { why: `no answer: ${JSON.stringify(body)}` } : { answeredBy };
}

async function main([host = '', every, limit]: readonly string[]): Promise<void> {
  const fresh = (): Tally => ({ asked: 0, answers: {}, lost: [] });
  let tally = fresh();
  const note = (began: number, ended: Ended): void => {
    tally.asked += 1;
    if ('answeredBy' in ended) tally.answers[ended.answeredBy] = (tally.answers[ended.answeredBy] ?? 0) + 1;
    else tally.lost.push({ at: new Date(began).toISOString(), after: Date.now() - began, why: ended.why });
  };
  setInterval(() => {
    const began = Date.now();
    ask(host, Number(limit), ended => note(began, ended));
  }, Number(every));
  process.stdout.write('ready\n');
  for await (const _ of createInterface(process.stdin)) {
    process.stdout.write(`${JSON.stringify(tally)}\n`);
    tally = fresh();
  }
  process.exit();
}

await main(process.argv.slice(2));
