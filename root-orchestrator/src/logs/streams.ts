import { randomUUID } from 'node:crypto';
import { type Clock, HedgerowError } from '@hedgerow/common';
import { type LogChunk, type LogRequest, REPEAT_LOGS_EVERY } from '@hedgerow/protos';
import type { Session } from '../clusters/session.ts';
import { ERRORS } from '../errors.ts';
import type { Instance } from '../model.ts';
import type { OutputSink, Outputs, OutputWish } from '../ports.ts';

export interface LogStreamsParts {
  clock: Clock;
  clusters: { session(clusterId: string): Session | null; nameOf(clusterId: string): string };
}

/** At a time. A worker's own limit is the same, so that it need not refuse; of a cluster's there is no more than this. */
const MOST = { user: 16, worker: 16, cluster: 64 } as const;
/** ms between two requests until the first answer: what goes to a worker may be lost */
const ASK_AGAIN = 2000;
/** ms for the first answer */
const OPEN_WITHIN = 10_000;
/** s, told to clients */
const RETRY_AFTER = 5;

interface Entry {
  readonly request: LogRequest;
  readonly session: Session;
  readonly sink: OutputSink;
  readonly keys: Readonly<Record<keyof typeof MOST, string>>;
  /** the worker, or the cluster on its behalf, has answered */
  opened: boolean;
  cancel: () => void;
}

/** The outputs that somebody reads, each on the stream of its cluster. Keeps no line. */
export class LogStreams implements Outputs {
  readonly #parts: LogStreamsParts;
  readonly #entries = new Map<string, Entry>();

  constructor(parts: LogStreamsParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#entries.size;
  }

  /** @throws INSTANCE_NOT_PLACED, CLUSTER_UNREACHABLE, TOO_MANY_STREAMS */
  open(instance: Instance, wish: OutputWish, sink: OutputSink): () => void {
    const session = this.#sessionOf(instance);
    const keys = { user: wish.user, worker: instance.worker_id, cluster: instance.cluster_id };
    this.#limit(keys);
    const { service_id, instance_number } = instance;
    const { follow, tail, requestId: request_id } = wish;
    const stream_id = randomUUID();
    const request = { stream_id, service_id, instance_number, follow, tail, request_id, again: false };
    const entry = { request, session, sink, keys, opened: false, cancel: () => {} };
    this.#entries.set(stream_id, entry);
    this.#ask(entry, this.#parts.clock.monotonic());
    return () => this.#close(stream_id);
  }

  /** Only the cluster that was asked may answer. */
  chunk(session: Session, chunk: LogChunk): void {
    const entry = this.#entries.get(chunk.stream_id);
    if (entry?.session !== session) return;
    // a refusal: the sink shall not begin an answer
    const nothing = chunk.end && chunk.lines.length === 0 && chunk.lost === 0;
    if (!nothing && !entry.opened) this.#opened(entry);
    if (!nothing) entry.sink.lines(chunk.lines, chunk.lost);
    if (chunk.end) this.#end(entry, chunk.error);
  }

  /** The cluster's stream has ended. */
  lost(session: Session): void {
    for (const entry of this.#entries.values()) {
      if (entry.session === session) this.#end(entry, `cluster ${session.name} is out of reach`);
    }
  }

  /** This root holds no streams any more. */
  stop(): void {
    for (const entry of this.#entries.values())
      this.#end(entry, 'the root stops or leads no more; ask again');
  }

  #sessionOf(instance: Instance): Session {
    const { job_name, instance_number, status, status_detail, cluster_id, worker_id } = instance;
    if (cluster_id === '' || worker_id === '') {
      const why = status_detail === '' ? '' : `: ${status_detail}`;
      const message = `${job_name}/${instance_number} has no worker, so no output; it is ${status}${why}`;
      throw new HedgerowError(ERRORS.INSTANCE_NOT_PLACED, message, { retryAfter: RETRY_AFTER });
    }
    const session = this.#parts.clusters.session(cluster_id);
    if (session) return session;
    const message = `cluster ${this.#parts.clusters.nameOf(cluster_id)} is out of reach`;
    throw new HedgerowError(ERRORS.CLUSTER_UNREACHABLE, message, { retryAfter: RETRY_AFTER });
  }

  #limit(keys: Entry['keys']): void {
    for (const kind of ['user', 'worker', 'cluster'] as const) {
      const count = [...this.#entries.values()].filter(entry => entry.keys[kind] === keys[kind]).length;
      if (count < MOST[kind]) continue;
      const message = `${count} outputs of this ${kind} are being read already, which is the most that may be`;
      throw new HedgerowError(ERRORS.TOO_MANY_STREAMS, message, { retryAfter: RETRY_AFTER });
    }
  }

  /** @param since monotonic ms of the first time */
  #ask(entry: Entry, since: number): void {
    const { clock } = this.#parts;
    entry.session.send({ log_request: entry.request });
    entry.cancel = clock.after(ASK_AGAIN, () => {
      if (clock.monotonic() - since < OPEN_WITHIN) this.#ask(entry, since);
      else this.#end(entry, `the worker has not answered in ${OPEN_WITHIN / 1000} s`);
    });
  }

  /** From here on the request is repeated only to say that somebody still reads. */
  #opened(entry: Entry): void {
    entry.opened = true;
    entry.cancel();
    entry.cancel = this.#parts.clock.after(REPEAT_LOGS_EVERY, () => {
      entry.session.send({ log_request: { ...entry.request, again: true } });
      this.#opened(entry);
    });
  }

  #end(entry: Entry, error: string): void {
    this.#forget(entry);
    entry.sink.end(error);
  }

  #close(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#forget(entry);
    entry.session.send({ log_stop: { stream_id: id } });
  }

  #forget(entry: Entry): void {
    entry.cancel();
    this.#entries.delete(entry.request.stream_id);
  }
}
