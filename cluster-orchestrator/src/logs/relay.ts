import type { Clock } from '@hedgerow/common';
import {
  isWrittenBy,
  LOGS_FORGOTTEN_AFTER,
  type LogChunk,
  type LogRequest,
  type LogsPayload,
  MOST_TAIL,
  STATUSES,
} from '@hedgerow/protos';
import { type Instance, instanceId, isTombstone } from '../model.ts';

export interface RelayParts {
  clock: Clock;
  lookup(instanceId: string): Instance | undefined;
  /** can the worker be sent to? */
  isThere(workerId: string): boolean;
  nameOf(workerId: string): string;
  ask(workerId: string, payload: LogsPayload): void;
  toRoot(chunk: LogChunk): void;
  /** Do earlier messages to the root wait to be sent? */
  congested(): boolean;
}

/** At a time; the root asks for no more than that of one cluster. */
const MOST = 64;

interface Stream {
  readonly request: LogRequest;
  /** that was asked last; "" while no worker has the instance */
  worker: string;
  /** the worker has sent something, so the reader has seen the beginning */
  begun: boolean;
  /** lines that were dropped since the last chunk that went to the root */
  lost: number;
  cancel: () => void;
}

/**
 * Passes the output of instances from workers to the root, and the root's requests on to whichever worker has the
 * instance. Keeps no line: what the link to the root cannot take now is counted and dropped.
 */
export class LogRelay {
  readonly #parts: RelayParts;
  readonly #streams = new Map<string, Stream>();

  constructor(parts: RelayParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#streams.size;
  }

  /** The root asks for an output, or asks again because somebody still reads it. */
  request(request: LogRequest): void {
    const known = this.#streams.get(request.stream_id);
    if (!known && this.#streams.size >= MOST) {
      const error = `the cluster passes on ${MOST} outputs already, which is the most that it does`;
      this.#parts.toRoot({ ...empty(request), end: true, error });
      return;
    }
    const stream = known ?? { request, worker: '', begun: request.again, lost: 0, cancel: () => {} };
    this.#keep(stream);
    if (stream.worker === '') this.#find(stream, request);
    else this.#ask(stream, request);
  }

  /** The root's reader is gone. */
  stop(id: string): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    this.#forget(stream);
    this.#leave(stream);
  }

  /** Only the worker that was asked may answer. */
  chunk(workerId: string, chunk: LogChunk): void {
    const stream = this.#streams.get(chunk.stream_id);
    if (stream?.worker !== workerId) return;
    stream.begun = true;
    const over = chunk.end && !this.#goesOn(stream, chunk);
    if (over) this.#forget(stream);
    else if (chunk.end) stream.worker = '';
    this.#pass(stream, { ...chunk, end: over });
  }

  /** Follows an instance to another worker; a container that it has there is a new one. */
  instanceChanged(before: Instance | null, after: Instance | null): void {
    const id = after?.id ?? before?.id;
    const there = after !== null && !isTombstone(after) ? after : null;
    for (const stream of this.#streams.values()) {
      if (instanceId(stream.request) !== id) continue;
      if (there && there.worker_id !== stream.worker) this.#move(stream);
      // a worker that is there has its last lines still to send, and says itself when that is all
      if (!there && !this.#parts.isThere(stream.worker)) this.#end(stream, '');
    }
  }

  /** A worker has begun a new connection, perhaps as a new process: it is asked at once for what is read of it. */
  workerSynced(workerId: string): void {
    for (const stream of this.#streams.values()) {
      if (stream.worker === workerId) this.#ask(stream, { ...stream.request, again: stream.begun });
    }
  }

  /** Nobody can read any more. */
  rootLost(): void {
    for (const id of [...this.#streams.keys()]) this.stop(id);
  }

  #keep(stream: Stream): void {
    const { stream_id } = stream.request;
    stream.cancel();
    stream.cancel = this.#parts.clock.after(LOGS_FORGOTTEN_AFTER, () => this.stop(stream_id));
    this.#streams.set(stream_id, stream);
  }

  #find(stream: Stream, request: LogRequest): void {
    const instance = this.#parts.lookup(instanceId(request));
    if (!instance || isTombstone(instance)) this.#end(stream, '');
    else if (!isTaken(instance)) this.#parts.toRoot(empty(request));
    else if (!this.#parts.isThere(instance.worker_id)) {
      this.#end(stream, `worker ${this.#parts.nameOf(instance.worker_id)} is out of reach`);
    } else {
      stream.worker = instance.worker_id;
      this.#ask(stream, request);
    }
  }

  #move(stream: Stream): void {
    const begun = stream.worker !== '';
    this.#leave(stream);
    if (begun && !stream.request.follow) this.#end(stream, 'the instance has moved to another worker');
    else this.#find(stream, { ...stream.request, tail: MOST_TAIL, again: false });
  }

  #leave(stream: Stream): void {
    if (stream.worker !== '') this.#parts.ask(stream.worker, { ...stream.request, stop: true });
    stream.worker = '';
  }

  /** The worker has no more of it, but should: it or another one will get it again. */
  #goesOn({ request }: Stream, { error }: LogChunk): boolean {
    const instance = this.#parts.lookup(instanceId(request));
    return request.follow && error === '' && instance?.desired === 'run' && !STATUSES[instance.status].final;
  }

  #pass(stream: Stream, chunk: LogChunk): void {
    const lost = stream.lost + chunk.lost;
    const dropped = lost + chunk.lines.length;
    const congested = this.#parts.congested();
    stream.lost = congested && !chunk.end ? dropped : 0;
    if (!congested) this.#parts.toRoot({ ...chunk, lost });
    else if (chunk.end) this.#parts.toRoot({ ...chunk, lines: [], lost: dropped });
  }

  #ask(stream: Stream, request: LogRequest): void {
    this.#parts.ask(stream.worker, { ...request, stop: false });
  }

  #end(stream: Stream, error: string): void {
    this.#forget(stream);
    this.#parts.toRoot({ ...empty(stream.request), lost: stream.lost, end: true, error });
  }

  #forget(stream: Stream): void {
    stream.cancel();
    this.#streams.delete(stream.request.stream_id);
  }
}

/** Has its worker got the order? Asked before, it would say that it has no such instance. */
function isTaken({ worker_id, status }: Instance): boolean {
  return worker_id !== '' && isWrittenBy('worker', status);
}

/** Tells the root that the stream is there. */
function empty({ stream_id }: LogRequest): LogChunk {
  return { stream_id, lines: [], lost: 0, end: false, error: '' };
}
