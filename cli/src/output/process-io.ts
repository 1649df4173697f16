import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Io } from './io.ts';

/** A reader that went away (`hedge ps | head`, a closed terminal) must not keep `hedge up` from removing everything. */
const READER_GONE = ['EPIPE', 'EIO'];

export function processIo(): Io {
  const gone = new AbortController();
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!READER_GONE.includes(error.code ?? '')) throw error;
      if (stream === process.stdout) gone.abort();
    });
  }
  return {
    env: process.env,
    gone: gone.signal,
    out: chunk => void process.stdout.write(chunk),
    err: chunk => void process.stderr.write(chunk),
    onInterrupt,
    read: () => text(process.stdin),
    ask,
  };
}

function onInterrupt(say: () => void): () => void {
  const end = () => {
    say();
    // The handler is gone, so this ends the process as if there had been none.
    process.kill(process.pid, 'SIGINT');
  };
  process.once('SIGINT', end);
  return () => void process.off('SIGINT', end);
}

async function ask(question: string, hidden: boolean): Promise<string | null> {
  if (!process.stdin.isTTY) return null;
  process.stderr.write(question);
  // Readline writes what is typed to its output: a hidden answer goes nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({
    input: process.stdin,
    output: hidden ? nowhere : process.stderr,
    terminal: true,
  });
  try {
    return await lines.question('');
  } finally {
    lines.close();
    if (hidden) process.stderr.write('\n');
  }
}
