/** The stream between a cluster and the root: gRPC's two ends, with the real encoding of the messages between them. */
import { EventEmitter } from 'node:events';
import type { Dialed } from '@hedgerow/cluster-orchestrator/testing/parts';
import type { FromCluster, FromRoot } from '@hedgerow/protos';
import type { Call } from '@hedgerow/root-orchestrator/testing/parts';
import type { Line } from '../../support/faults/line.ts';
import type { Process } from '../time/process.ts';
import type { Timeline } from '../time/timeline.ts';
import { Connection } from './connection.ts';
import type { Encoding } from './encoding.ts';

/** ms after which each end notices a dead line: its ping, and the time that the answer may take */
const ROOT_NOTICES = 8000;
const CLUSTER_NOTICES = 10_000;

type Packet = { bytes: Buffer } | { end: true } | { error: string } | { hello: true };

const CLUSTER = 0;
const ROOT = 1;

export interface StreamParts {
  timeline: Timeline;
  line: Line;
  encoding: Encoding;
  cluster: Process;
  root: Process;
  /** the root's end is there */
  accept(call: Call): void;
  /** what becomes of a message; null = it is swallowed */
  mutate: {
    toRoot?(message: FromCluster): FromCluster | null;
    toCluster?(message: FromRoot): FromRoot | null;
  };
  /** each message that arrives */
  seen(message: FromCluster | FromRoot, by: Process): void;
}

/** @returns the cluster's end, and what breaks the stream */
export function openStream(parts: StreamParts): Dialed & { break: () => void } {
  const { timeline, line, encoding, cluster, root, seen, mutate } = parts;
  const { promise: connected, resolve } = Promise.withResolvers<void>();
  const client = new ClientEnd();
  const server = new ServerEnd(cluster.name);
  const connection = new Connection<Packet>(timeline, line, [
    {
      process: cluster,
      patience: CLUSTER_NOTICES,
      receive(packet) {
        if ('bytes' in packet) {
          const sent = encoding.readFromRoot(packet.bytes);
          const message = mutate.toCluster ? mutate.toCluster(sent) : sent;
          seen(sent, cluster);
          if (message) client.emit('data', message);
        } else if ('hello' in packet) resolve();
        else if ('end' in packet) client.emit('end');
        else client.emit('error', new Error(packet.error));
      },
      closed: why => client.emit('error', new Error(why)),
    },
    {
      process: root,
      patience: ROOT_NOTICES,
      receive(packet) {
        if ('hello' in packet) {
          connection.send(ROOT, { hello: true });
          parts.accept(server as unknown as Call);
        } else if ('bytes' in packet) {
          const sent = encoding.readFromCluster(packet.bytes);
          const message = mutate.toRoot ? mutate.toRoot(sent) : sent;
          seen(sent, root);
          if (message) server.arrived(message);
        }
      },
      closed: () => server.cancelled(),
    },
  ]);
  client.wire = {
    write: message => connection.send(CLUSTER, { bytes: encoding.writeFromCluster(message) }),
    close: () => connection.close(CLUSTER, 'cancelled'),
  };
  server.wire = {
    write: message => connection.send(ROOT, { bytes: encoding.writeFromRoot(message) }),
    end: () => connection.send(ROOT, { end: true }),
    fail: why => connection.send(ROOT, { error: why }),
    close: () => connection.close(ROOT, 'the stream has ended'),
  };
  connection.send(CLUSTER, { hello: true });
  return {
    stream: client as unknown as Dialed['stream'],
    connected,
    close: () => connection.close(CLUSTER, 'closed'),
    break: () => connection.break('the stream broke'),
  };
}

/** Where there is no root: an error, or on a cut line nothing. */
export function refuseStream(cluster: Process, line: Line): Dialed & { break: () => void } {
  const client = new ClientEnd();
  client.wire = { write() {}, close() {} };
  if (!line.isCut) cluster.after(line.latency(), () => client.emit('error', new Error('connection refused')));
  const stream = client as unknown as Dialed['stream'];
  return { stream, connected: new Promise(() => {}), close() {}, break() {} };
}

class ClientEnd extends EventEmitter {
  readonly writableLength = 0;
  wire: { write(message: FromCluster): void; close(): void } | null = null;

  write(message: FromCluster): boolean {
    this.wire?.write(message);
    return true;
  }

  cancel(): void {
    this.wire?.close();
  }
}

class ServerEnd extends EventEmitter {
  readonly writableLength = 0;
  readableEnded = false;
  wire: { write(message: FromRoot): void; end(): void; fail(why: string): void; close(): void } | null = null;
  readonly #peer: string;
  readonly #arrived: FromCluster[] = [];
  #isOver = false;

  constructor(peer: string) {
    super();
    this.#peer = peer;
    this.on('error', ({ details }: { details?: string }) => {
      this.wire?.fail(details ?? 'failed');
      this.#close();
    });
  }

  getPeer(): string {
    return this.#peer;
  }

  read(): FromCluster | null {
    return this.#arrived.shift() ?? null;
  }

  write(message: FromRoot): boolean {
    this.wire?.write(message);
    return true;
  }

  end(): void {
    this.wire?.end();
    this.#close();
  }

  arrived(message: FromCluster): void {
    this.#arrived.push(message);
    this.emit('readable');
  }

  cancelled(): void {
    this.#isOver = true;
    this.emit('cancelled');
    this.emit('close');
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.wire?.close();
    this.emit('close');
  }
}
