/**
 * A container for tests: a process in a network namespace of its own that does what it is told. One JSON command per
 * line on standard input, one JSON answer per line on standard output. Arguments: its name.
 */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

const name = process.argv[2] ?? 'agent';

interface Command {
  do: 'serve' | 'ask' | 'udp' | 'stream' | 'streamed' | 'flood';
  port: number;
  host: string;
  hosts: string[];
  times: number;
  /** local UDP port */
  from: number;
  /** ports, from `port` on */
  spread: number;
}

const stream = { sent: 0, received: 0, error: '', socket: null as Socket | null };

const ACTIONS: Record<Command['do'], (command: Command) => Promise<unknown>> = {
  serve: ({ port }) => serve(port),
  ask: async ({ hosts, port, times }) => {
    const answers: string[] = [];
    for (let turn = 0; turn < times; turn++)
      answers.push(await ask(hosts[turn % hosts.length] as string, port));
    return answers;
  },
  udp: ({ host, port, from, times }) => udp(host, port, from, times),
  stream: ({ host, port }) => startStream(host, port),
  flood: command => flood(command),
  streamed: async () => ({ sent: stream.sent, received: stream.received, error: stream.error }),
};

/** TCP: says its name and the caller's address, then echoes. UDP: answers each datagram with its name. */
async function serve(port: number): Promise<string> {
  const server = createServer(socket => {
    socket.on('error', () => {});
    socket.write(`${name} ${socket.remoteAddress?.replace('::ffff:', '')}\n`);
    socket.pipe(socket);
  });
  await new Promise<void>(resolve => server.listen(port, '0.0.0.0', resolve));
  const socket = createSocket('udp4');
  socket.on('message', (_, from) => socket.send(name, from.port, from.address));
  await new Promise<void>(resolve => socket.bind(port, resolve));
  return name;
}

/** @returns the first line; or the error's code and the ms that it took */
function ask(host: string, port: number): Promise<string> {
  const started = performance.now();
  return new Promise(resolve => {
    const socket = connect({ host, port });
    socket.setTimeout(1500, () => socket.destroy(Object.assign(new Error(), { code: 'SILENT' })));
    socket.once('data', data => {
      resolve(data.toString().trim());
      socket.destroy();
    });
    socket.once('error', (error: NodeJS.ErrnoException) =>
      resolve(`${error.code} ${Math.round(performance.now() - started)}`),
    );
  });
}

/** Datagrams from one local port, so that all belong to one flow; connected, so that refusals are heard. */
async function udp(host: string, port: number, from: number, times: number): Promise<string[]> {
  const socket = createSocket('udp4');
  await new Promise<void>(resolve => socket.bind(from, resolve));
  await new Promise<void>(resolve => socket.connect(port, host, resolve));
  const answers: string[] = [];
  for (let turn = 0; turn < times; turn++) {
    const answer = new Promise<string>(resolve => {
      const timer = setTimeout(() => resolve('SILENT'), 500);
      const done = (text: string) => {
        clearTimeout(timer);
        socket.removeAllListeners();
        resolve(text);
      };
      socket.once('message', data => done(data.toString()));
      socket.once('error', (error: NodeJS.ErrnoException) => done(String(error.code)));
    });
    socket.send('?');
    answers.push(await answer);
  }
  await new Promise<void>(resolve => socket.close(resolve));
  return answers;
}

/** About 1,000 packets a second, most UDP of 0 to 63 random bytes, one in ten a TCP SYN; nobody waits for answers. */
async function flood({ hosts, port, spread, times }: Command): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>(resolve => socket.bind(0, resolve));
  for (let turn = 0; turn < times; turn++) {
    const [host, to] = [hosts[turn % hosts.length] as string, port + (turn % spread)];
    if (turn % 10 === 9) knock(host, to);
    else socket.send(randomBytes(turn % 64), to, host, () => {});
    if (turn % 10 === 0) await new Promise(resolve => setTimeout(resolve, 10));
  }
  await new Promise<void>(resolve => socket.close(resolve));
  return times;
}

function knock(host: string, port: number): void {
  const socket = connect({ host, port });
  socket.on('error', () => {});
  setTimeout(() => socket.destroy(), 100);
}

/** A connection over which bytes go to and fro until the process ends. */
function startStream(host: string, port: number): Promise<string> {
  return new Promise(resolve => {
    const socket = connect({ host, port });
    stream.socket = socket;
    socket.on('data', data => {
      stream.received += data.length;
      resolve('open');
      socket.write('x'.repeat(100));
      stream.sent += 100;
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      stream.error = String(error.code);
      resolve(stream.error);
    });
    socket.once('close', () => {
      stream.error ||= 'CLOSED';
    });
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as Command;
  process.stdout.write(`${JSON.stringify({ answer: await ACTIONS[command.do](command) })}\n`);
}
process.exit(0);
