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
  /** what is there when it is looked at for the first time is left out */
  fromNow: boolean;
  /** of those there are; null = all */
  tail: number | null;
  /** `at` of the last line that is known */
  after: string;
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
      if (cursor?.container !== output.container) cursor = begin(request, output.container, first);
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
function begin({ again, tail }: LogRequest, container: string, first: boolean): Cursor {
  const fromNow = first && (again || tail === 0);
  return { container, fromNow, tail: first && !fromNow ? tail : null, after: '' };
}

async function* contained(
  { runtime, readers }: SourceParts,
  follow: boolean,
  cursor: Cursor,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const done = readers.begin(cursor.container);
  try {
    const tail = cursor.fromNow ? await passPresent(runtime, cursor, signal) : cursor.tail;
    yield* moving(cursor, runtime.logs(cursor.container, { ...cursor, tail, follow, signal }));
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

/**
 * By the last line and not by the time, which the clock may pass twice.
 * @returns how many of the last lines are to be read next: of those that come meanwhile one at least; null = all
 */
async function passPresent(
  runtime: SourceParts['runtime'],
  cursor: Cursor,
  signal: AbortSignal,
): Promise<number | null> {
  const last = { tail: 1, after: '', follow: false, signal };
  for await (const { at } of runtime.logs(cursor.container, last)) cursor.after = at;
  cursor.fromNow = false;
  return cursor.after === '' ? null : 1;
}

async function* moving(cursor: Cursor, lines: AsyncIterable<LogLine>): AsyncGenerator<LogLine> {
  for await (const line of lines) {
    cursor.tail = null;
    if (line.at !== '') cursor.after = line.at;
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
