import type { IncomingMessage } from 'node:http';
import type Docker from 'dockerode';
import { Lines, type LogLine } from '../../logs/lines.ts';
import type { LogOptions } from '../runtime.ts';
import { call, GONE, translate } from './errors.ts';
import { Frames } from './frames.ts';
import { Repeats } from './repeats.ts';

/** The lines of a container, as they come when they are followed. None when there is no such container. */
export async function* readLogs(
  docker: Docker,
  container: string,
  options: LogOptions,
): AsyncGenerator<LogLine> {
  const facts = await call(() => docker.getContainer(container).inspect(), GONE);
  const stream = facts && (await call(() => open(docker, container, options), GONE));
  if (!stream) return;
  const decoder = facts.Config.Tty ? new Terminal() : new Multiplexed();
  try {
    const known = new Repeats();
    for await (const piece of stream) yield* news(decoder.take(piece as Buffer), options.since, known);
    yield* news(decoder.end(), options.since, known);
  } catch (error) {
    if (!options.signal.aborted) throw translate(error);
  }
}

/** dockerode itself reads a log that is not followed into memory. */
function open(docker: Docker, container: string, options: LogOptions): Promise<IncomingMessage> {
  const { follow, tail, since, signal } = options;
  const query = {
    stdout: true,
    stderr: true,
    timestamps: true,
    follow,
    tail: tail ?? 'all',
    ...(since === '' ? {} : { since: Math.floor(Date.parse(since) / 1000) }),
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

/** Docker takes whole seconds; the lines of the first one that are known already are left out. */
function* news(lines: Iterable<LogLine>, since: string, known: Repeats): Generator<LogLine> {
  for (const line of lines) {
    if ((line.at > since || since === '') && !known.isRepeated(line.at)) yield line;
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
