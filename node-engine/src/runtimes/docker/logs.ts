import type { IncomingMessage } from 'node:http';
import type { Clock } from '@hedgerow/common';
import type Docker from 'dockerode';
import { Lines, type LogLine } from '../../logs/lines.ts';
import type { LogOptions } from '../runtime.ts';
import { call, GONE, translate } from './errors.ts';
import { Frames } from './frames.ts';
import { Repeats } from './repeats.ts';

/** The lines of a container, as they come when they are followed. None when there is no such container. */
export async function* readLogs(
  { docker, clock }: Pick<Log, 'docker' | 'clock'>,
  container: string,
  options: LogOptions,
): AsyncGenerator<LogLine> {
  const facts = await call(() => docker.getContainer(container).inspect(), GONE);
  if (!facts) return;
  const log: Log = { docker, clock, container, isTerminal: facts.Config.Tty };
  try {
    yield* options.after === '' || options.tail !== null ? pieces(log, options) : behind(log, options);
  } catch (error) {
    if (!options.signal.aborted) throw translate(error);
  }
}

interface Log {
  docker: Docker;
  clock: Clock;
  container: string;
  isTerminal: boolean;
}

/**
 * What was printed after the last known line comes with its end first: a line that is not there any more, because the log
 * has dropped the file that it was in, would be waited for for ever. Then all that there is comes after it.
 */
async function* behind(log: Log, options: LogOptions): AsyncGenerator<LogLine> {
  let { after } = options;
  const missed = new News(options);
  const past = { ...options, follow: false };
  for await (const line of pieces(log, past, missed)) {
    after = line.at;
    yield line;
  }
  if (!missed.isReached) {
    after = '';
    for await (const line of pieces(log, { ...past, after })) {
      after = line.at;
      yield line;
    }
  }
  if (options.follow) yield* pieces(log, { ...options, after });
}

async function* pieces(log: Log, options: LogOptions, news = new News(options)): AsyncGenerator<LogLine> {
  const stream = await call(() => open(log, options), GONE);
  if (!stream) return;
  const decoder = log.isTerminal ? new Terminal() : new Multiplexed();
  for await (const piece of stream) yield* news.of(decoder.take(piece as Buffer));
  yield* news.of(decoder.end());
}

/**
 * s that Docker begins before the last line that is known: it leaves out what was printed earlier by the clock, which may
 * have been put back meanwhile.
 */
const PUT_BACK = 2 * 60 * 60;

/** @returns s since the epoch; null when the clock was put back behind that line, who knows how far: then from the first */
function sinceOf({ clock }: Log, { after }: LogOptions): number | null {
  const known = Date.parse(after);
  return known <= clock.now() ? Math.floor(known / 1000) - PUT_BACK : null;
}

/** dockerode itself reads a log that is not followed into memory. */
function open(log: Log, options: LogOptions): Promise<IncomingMessage> {
  const { docker, container } = log;
  const { follow, tail, signal } = options;
  const since = sinceOf(log, options);
  const query = {
    stdout: true,
    stderr: true,
    timestamps: true,
    follow,
    tail: tail ?? 'all',
    ...(since === null ? {} : { since }),
  };
  return new Promise((resolve, reject) => {
    docker.modem.dial(
      {
        path: `/containers/${container}/logs?`,
        method: 'GET',
        isStream: true,
        statusCodes: { 200: true, 404: 'no such container', 409: 'being removed', 500: 'server error' },
        options: query,
        abortSignal: signal,
      },
      (error, stream) => (error ? reject(error) : resolve(stream as IncomingMessage)),
    );
  });
}

/** What comes behind the last known line, each line once. */
class News {
  readonly #repeats = new Repeats();
  readonly #after: string;
  isReached: boolean;

  /** Among the last lines alone the known one need not be. */
  constructor({ after, tail }: Pick<LogOptions, 'after' | 'tail'>) {
    this.#after = after;
    this.isReached = after === '' || tail !== null;
  }

  *of(lines: Iterable<LogLine>): Generator<LogLine> {
    for (const line of lines) {
      if (line.at === this.#after && line.at !== '') this.isReached = true;
      else if (this.isReached && !this.#repeats.isRepeated(line.at)) yield line;
    }
  }
}

const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z) /;
const TIME_LENGTH = 31;

/** Every record begins with its time, also the second part of a line that was too long for one. */
export class Multiplexed {
  readonly #frames = new Frames();
  readonly #sources = new Map<number, Lines>();

  *take(piece: Buffer): Generator<LogLine> {
    for (const { source, bytes } of this.#frames.take(piece)) {
      const [, at] = TIME.exec(bytes.subarray(0, TIME_LENGTH).toString('latin1')) ?? [];
      const lines = this.#sources.get(source) ?? new Lines();
      this.#sources.set(source, lines);
      yield* lines.add(at === undefined ? bytes : bytes.subarray(TIME_LENGTH), at ?? '');
    }
  }

  *end(): Generator<LogLine> {
    for (const lines of this.#sources.values()) yield* lines.end();
  }
}

/** Without frames: what the program sent to its terminal, with the time before each line. */
export class Terminal {
  readonly #lines = new Lines();

  *take(piece: Buffer): Generator<LogLine> {
    for (const line of this.#lines.add(piece, '')) yield timed(line.text);
  }

  *end(): Generator<LogLine> {
    for (const line of this.#lines.end()) yield timed(line.text);
  }
}

function timed(line: string): LogLine {
  const [time = '', at = ''] = TIME.exec(line) ?? [];
  return { at, text: line.slice(time.length) };
}
