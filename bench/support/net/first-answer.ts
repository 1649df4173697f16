/**
 * Program that runs inside a client container's namespace. `first-answer.ts PORT`: for each line `ADDRESS` on standard
 * input it knocks at ADDRESS:PORT every few ms until somebody answers a request, and prints the epoch ms of the answer.
 */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { tieToWallClock } from '../wall-clock.ts';

const KNOCK_MS = 4;

function firstAnswer(host: string, port: number): Promise<number> {
  const clock = tieToWallClock();
  const open = new Set<Socket>();
  return new Promise(resolve => {
    const timer = setInterval(() => open.add(knock(host, port, answered)), KNOCK_MS);
    function answered(): void {
      resolve(clock.now());
      clearInterval(timer);
      for (const socket of open) socket.destroy();
    }
  });
}

/** A refused or lost connection is what the next knock is for. */
function knock(host: string, port: number, answered: () => void): Socket {
  const socket = connect({ host, port, noDelay: true });
  socket.once('connect', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
  socket.once('data', answered);
  socket.on('error', () => socket.destroy());
  return socket;
}

const port = Number(process.argv[2]);
for await (const address of createInterface(process.stdin)) {
  process.stdout.write(`${await firstAnswer(address, port)}\n`);
}
