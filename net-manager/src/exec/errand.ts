/**
 * Starts programs through a small process that stays a while. To start one, the kernel copies the page tables of who
 * starts it: 4 ms of processor time for a program of Node's size, a fifth of that for a shell's (measured; decision
 * 15). The shell runs one fixed script, which reads words and evaluates nothing.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, messageOf, SerialByKey } from '@hedgerow/common';
import { environment } from './environment.ts';
import { type Done, missing, refused } from './outcome.ts';

/** ms: a listing that should answer in milliseconds; ten thousand elements load in a quarter of a second */
const PATIENCE = 30_000;
/** ms without an errand until the shell ends */
const IDLE = 5000;
/** characters: two line ends, a UUID, a blank and an exit code, with room */
const LONGEST_END = 64;

/**
 * Each line: a mark, then a program and its arguments. What both outputs end with: the mark and the exit code. The
 * folder of inputs goes with whoever reads the lines, also when this process was killed and nobody hears the marks.
 */
const SCRIPT = `set -f
trap '' PIPE
while read -r mark words; do
  $words </dev/null
  code=$?
  echo "
$mark $code"
  echo "
$mark $code" >&2
done
rm -r "$1"`;

/** Runs one program after the other; the shell is there while it is needed. */
export class Errand {
  readonly #clock: Clock;
  readonly #order = new SerialByKey();
  #shell: Shell | null = null;
  #cancelEnd = (): void => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param words a program and its arguments
   * @param input becomes a file, whose name is the last argument
   * @throws TOOL_MISSING; KERNEL_REFUSED when it does not come to an end
   */
  run(words: readonly string[], input?: string): Promise<Done> {
    return this.#order.run('errand', async () => {
      this.#cancelEnd();
      if (!this.#shell?.alive) this.#shell = await Shell.start();
      const shell = this.#shell;
      const late = () => shell.kill(`${words[0]} did not end in ${PATIENCE / 1000} s`);
      const cancel = this.#clock.after(PATIENCE, late);
      try {
        return checked(await shell.run(words, input));
      } finally {
        cancel();
        this.#cancelEnd = this.#clock.after(IDLE, () => shell.end());
      }
    });
  }
}

/** The shell's own words for a program that it does not find. */
function checked(done: Done): Done {
  const [, unknown] = /^\S+: (?:line )?\d+: (\S+): (?:command )?not found$/m.exec(done.stderr) ?? [];
  if (done.code === 127 && unknown !== undefined) throw missing(unknown);
  const [, inner] = /^(?:nsenter|unshare): failed to execute (\S+): No such file/m.exec(done.stderr) ?? [];
  if (inner !== undefined) throw missing(inner);
  return done;
}

interface Waiting {
  outputs: Record<'stdout' | 'stderr', Output>;
  resolve(done: Done): void;
  reject(error: Error): void;
}

class Shell {
  readonly #child: ChildProcessWithoutNullStreams;
  /** where inputs are written; goes with the shell */
  readonly #folder: string;
  #waiting: Waiting | null = null;
  #why = 'the shell that starts programs has ended';
  alive = true;

  static async start(): Promise<Shell> {
    return new Shell(await makeFolder());
  }

  /** In a process group of its own: who does not end is ended with what it started. */
  private constructor(folder: string) {
    this.#folder = folder;
    const args = ['-c', SCRIPT, 'hedgerow', folder];
    this.#child = spawn('/bin/sh', args, { env: environment(), detached: true });
    this.#child.stdout.on('data', (chunk: Buffer) => this.#take('stdout', chunk));
    this.#child.stderr.on('data', (chunk: Buffer) => this.#take('stderr', chunk));
    // EPIPE: it has ended, which `close` tells
    this.#child.stdin.on('error', () => {});
    this.#child.once('error', error => this.#ended(error));
    this.#child.once('close', () => this.#ended());
    this.#keepAlive(false);
  }

  run(words: readonly string[], input?: string): Promise<Done> {
    const mark = randomUUID();
    const file = input === undefined ? [] : [this.#write(input)];
    const line = `${[mark, ...words, ...file].map(plain).join(' ')}\n`;
    return new Promise<Done>((resolve, reject) => {
      this.#waiting = {
        outputs: { stdout: new Output(mark), stderr: new Output(mark) },
        resolve,
        reject,
      };
      if (!this.alive) return this.#ended();
      this.#keepAlive(true);
      this.#child.stdin.write(line);
    });
  }

  /** A few kilobytes that stay in memory: microseconds, where a turn through the thread pool takes half a millisecond. */
  #write(input: string): string {
    const file = join(this.#folder, 'input');
    try {
      writeFileSync(file, input);
      return file;
    } catch (error) {
      // the next one makes a folder of its own
      this.end();
      throw refused(messageOf(error), error);
    }
  }

  /** When what it was given has been done. */
  end(): void {
    this.alive = false;
    this.#child.stdin.end();
  }

  /** With what it started. */
  kill(why: string): void {
    this.#why = why;
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  #take(name: 'stdout' | 'stderr', chunk: Buffer): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    waiting.outputs[name].add(chunk);
    const [stdout, stderr] = [waiting.outputs.stdout.whole(), waiting.outputs.stderr.whole()];
    if (!stdout || !stderr) return;
    this.#waiting = null;
    this.#keepAlive(false);
    waiting.resolve({ code: stdout.code, stdout: stdout.text, stderr: stderr.text });
  }

  #ended(cause?: Error): void {
    this.alive = false;
    this.#waiting?.reject(refused(cause?.message ?? this.#why, cause));
    this.#waiting = null;
    void rm(this.#folder, { recursive: true, force: true });
  }

  /** Whether this process may not end before the shell says something. */
  #keepAlive(on: boolean): void {
    const { stdin, stdout, stderr } = this.#child;
    for (const handle of [this.#child, stdin, stdout, stderr] as { ref(): void; unref(): void }[]) {
      if (on) handle.ref();
      else handle.unref();
    }
  }
}

/** In memory where that can be had: a file that is written anew goes to the disk at once on some file systems. */
async function makeFolder(): Promise<string> {
  try {
    return await mkdtemp('/dev/shm/hedgerow-');
  } catch {
    return mkdtemp(join(tmpdir(), 'hedgerow-'));
  }
}

/** What a program prints, until the mark that the shell prints behind it. */
class Output {
  readonly #mark: string;
  readonly #chunks: Buffer[] = [];
  #tail = '';

  constructor(mark: string) {
    this.#mark = `\n${mark} `;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#tail = (this.#tail + chunk.toString('latin1')).slice(-LONGEST_END);
  }

  /** @returns null until it is complete */
  whole(): { text: string; code: number } | null {
    const at = this.#tail.lastIndexOf(this.#mark);
    if (at < 0 || !this.#tail.endsWith('\n')) return null;
    const bytes = Buffer.concat(this.#chunks);
    const text = bytes.toString('utf8', 0, bytes.length - (this.#tail.length - at));
    return { text, code: Number(this.#tail.slice(at + this.#mark.length)) };
  }
}

/** The shell splits at blanks and knows no quotes here; names of files may hold whatever TMPDIR says. */
function plain(word: string): string {
  if (/^[\w./=:,@%+-]+$/.test(word)) return word;
  throw new TypeError(`not one plain word: ${JSON.stringify(word)}`);
}
