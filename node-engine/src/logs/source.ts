import type { Clock } from '@hedgerow/common';
import { type InstanceRef, type LogRequest, NOTICE } from '@hedgerow/protos';
import type { Runtime } from '../runtimes/runtime.ts';
import type { LogLine } from './lines.ts';
import type { Readers } from './readers.ts';
import { wait } from './wait.ts';

/** Where an instance's output is to be had. */
export interface Output {
  /** the one that it has now; null between two */
  container: string | null;
  /** last lines of the one before, when there is none now */
  last: string;
  /** false when it is about to be removed, or has done its work: no container follows this one */
  continues: boolean;
}

export interface Outputs {
  /** @returns null when this worker has no such instance */
  output(ref: InstanceRef): Output | null;
  /** Calls back whenever the output of some instance may be elsewhere. @returns a function that ends it */
  onChange(listener: () => void): () => void;
}

export interface SourceParts {
  runtime: Pick<Runtime, 'logs'>;
  instances: Outputs;
  readers: Readers;
  clock: Clock;
}

/** ms after which a container whose log has ended is looked at again, when nobody says that anything changed */
const LOOK_AGAIN = 1000;

/** Which lines come next. */
interface Cursor {
  readonly container: string;
  /** of those there are; null = all */
  tail: number | null;
  /** those after this time; "" = from the first */
  since: string;
}

/**
 * What an instance prints, from one container to the next. Ends with the instance, or, unless it is followed, with
 * what is there now. A runtime that goes away is waited for when the instance is followed.
 * @throws RUNTIME_AWAY, RUNTIME_FAILED when it is not followed
 */
export async function* linesOf(
  parts: SourceParts,
  request: LogRequest,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  if (request.again) yield notice('the stream was interrupted; lines may be missing');
  let cursor: Cursor | null = null;
  for (let first = true; !signal.aborted; first = false) {
    const output = parts.instances.output(request);
    if (!output) return;
    if (output.container !== null) {
      if (cursor?.container !== output.container)
        cursor = begin(parts.clock, request, output.container, first);
      yield* contained(parts, request.follow, cursor, signal);
    } else if (first && !request.again) yield* lastLines(output.last, request.tail);
    if (!request.follow || !parts.instances.output(request)?.continues) return;
    await wait(
      signal,
      done => parts.instances.onChange(done),
      done => parts.clock.after(LOOK_AGAIN, done),
    );
  }
}

/** The first container from where the reader wants it, a later one from its first line. */
function begin(clock: Clock, { again, tail }: LogRequest, container: string, first: boolean): Cursor {
  if (!first) return { container, tail: null, since: '' };
  const now = new Date(clock.now()).toISOString().replace('Z', '000000Z');
  return again || tail === 0 ? { container, tail: null, since: now } : { container, tail, since: '' };
}

async function* contained(
  { runtime, readers }: SourceParts,
  follow: boolean,
  cursor: Cursor,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const done = readers.begin(cursor.container);
  try {
    yield* moving(cursor, runtime.logs(cursor.container, { ...cursor, follow, signal }));
    // Docker may end a log that is followed before its last lines
    if (follow && !signal.aborted) {
      yield* moving(cursor, runtime.logs(cursor.container, { ...cursor, follow: false, signal }));
    }
  } catch (error) {
    if (!follow) throw error;
  } finally {
    done();
  }
}

async function* moving(cursor: Cursor, lines: AsyncIterable<LogLine>): AsyncGenerator<LogLine> {
  for await (const line of lines) {
    cursor.tail = null;
    if (line.at > cursor.since) cursor.since = line.at;
    yield line;
  }
}

function* lastLines(text: string, tail: number): Generator<LogLine> {
  const lines = text === '' || tail === 0 ? [] : text.split('\n').slice(-tail);
  for (const line of lines) yield { at: '', text: line };
}

function notice(text: string): LogLine {
  return { at: '', text: NOTICE + text };
}
