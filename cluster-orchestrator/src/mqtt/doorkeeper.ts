/** How much of the embedded broker one connection, one worker and strangers may take. */
import type { Socket } from 'node:net';
import { type Clock, type Logger, Seldom } from '@hedgerow/common';
import type { Aedes, Client } from 'aedes';
import { Intake } from './intake.ts';

export interface DoorkeeperOptions {
  clock: Clock;
  log: Logger;
  /** connections that have not said who they are; the oldest goes when there is one more */
  mostStrangers?: number;
  /** messages that a worker may have taken without acknowledging them */
  mostUnacknowledged?: number;
}

/** A cluster's workers all come back at once when it restarts; each is a stranger for some ms. */
const MOST_STRANGERS = 1024;
/** Open connections of one worker; it needs one, two daemons of Oakestra's need two. */
const MOST_CONNECTIONS = 8;
/** Client ids of one worker whose sessions are kept, since the start. */
const MOST_SESSIONS = 8;
/** Topic filters of one connection; there are seven down topics. */
const MOST_FILTERS = 64;
const MOST_UNACKNOWLEDGED = 10_000;

/** What is known of one connection. */
interface Guest {
  workerId: string;
  filters: Set<string>;
  unacknowledged: number;
}

export class Doorkeeper {
  readonly #options: DoorkeeperOptions;
  readonly #seldom: Seldom;
  /** that have not said who they are, longest waiting first */
  readonly #strangers = new Set<Socket>();
  readonly #intakes = new WeakMap<Socket, Intake>();
  readonly #guests = new WeakMap<Client, Guest>();
  /** by worker, oldest first */
  readonly #connections = new Map<string, Set<Client>>();
  /** client ids by worker */
  readonly #sessions = new Map<string, Set<string>>();

  constructor(options: DoorkeeperOptions) {
    this.#options = options;
    this.#seldom = new Seldom(options.clock);
  }

  watch(aedes: Aedes): void {
    aedes.on('ack', (_, client) => {
      const guest = this.#guests.get(client);
      if (guest && guest.unacknowledged > 0) guest.unacknowledged -= 1;
    });
  }

  /** Before anything of it is read. */
  enter(socket: Socket): void {
    const { clock, mostStrangers = MOST_STRANGERS } = this.#options;
    this.#intakes.set(socket, new Intake(socket, { clock, slowed: () => this.#slowed(socket) }));
    this.#strangers.add(socket);
    socket.once('close', () => this.#strangers.delete(socket));
    if (this.#strangers.size <= mostStrangers) return;
    const [oldest] = this.#strangers;
    oldest?.destroy(new Error('too many connections that do not say who they are'));
    this.#strangers.delete(oldest as Socket);
  }

  /** It is this worker. @returns whether it may come in */
  admit(client: Client, workerId: string): boolean {
    if (!client.clean && !this.#keepSession(workerId, client.id)) return false;
    const socket = client.conn as Socket;
    this.#strangers.delete(socket);
    this.#intakes.get(socket)?.known();
    this.#guests.set(client, { workerId, filters: new Set(), unacknowledged: 0 });
    this.#connect(workerId, client);
    return true;
  }

  /** "" for a connection that was not admitted */
  workerOf(client: Client | null): string {
    return (client && this.#guests.get(client)?.workerId) ?? '';
  }

  maySubscribe(client: Client | null, filter: string): boolean {
    const filters = client && this.#guests.get(client)?.filters;
    if (!filters) return false;
    if (filters.size < MOST_FILTERS) filters.add(filter);
    return filters.has(filter);
  }

  /** It is sent a message that it has to acknowledge. */
  sends(client: Client): void {
    const guest = this.#guests.get(client);
    if (!guest) return;
    guest.unacknowledged += 1;
    const { mostUnacknowledged = MOST_UNACKNOWLEDGED } = this.#options;
    if (guest.unacknowledged !== mostUnacknowledged) return;
    this.#options.log.warn(
      { worker: guest.workerId },
      'worker acknowledges nothing; its connection is closed',
    );
    (client.conn as Socket).destroy();
  }

  #keepSession(workerId: string, clientId: string): boolean {
    const known = this.#sessions.get(workerId) ?? new Set();
    this.#sessions.set(workerId, known);
    if (known.size < MOST_SESSIONS) known.add(clientId);
    return known.has(clientId);
  }

  #connect(workerId: string, client: Client): void {
    const open = this.#connections.get(workerId) ?? new Set();
    this.#connections.set(workerId, open.add(client));
    client.conn.once('close', () => {
      open.delete(client);
      if (open.size === 0) this.#connections.delete(workerId);
    });
    if (open.size <= MOST_CONNECTIONS) return;
    const [oldest] = open;
    (oldest?.conn as Socket | undefined)?.destroy();
  }

  #slowed(socket: Socket): void {
    const worker = this.workerOf((socket as Socket & { client?: Client }).client ?? null);
    this.#seldom.say(`slowed ${worker}`, more =>
      this.#options.log.warn({ worker, more }, 'worker says more than it may; it is read more slowly'),
    );
  }
}
