import type { Aedes, Client } from 'aedes';

/**
 * Connections that still get what was kept for them. aedes sends that beside what is published meanwhile, so a new
 * message could overtake an older one; who publishes waits here first.
 */
export class Settling {
  readonly #open = new Map<string, Set<Promise<void>>>();
  readonly #ready = new WeakMap<Client, () => void>();

  watch(aedes: Aedes): void {
    aedes.on('clientReady', client => this.#ready.get(client)?.());
  }

  /** The client has been let in; it is settled when aedes says so or the connection ends. */
  begin(workerId: string, client: Client): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ready.set(client, resolve);
    client.conn.once('close', resolve);
    // it may have closed before it was let in, and then says so no more
    if (client.conn.destroyed) resolve();
    const open = this.#open.get(workerId) ?? new Set();
    this.#open.set(workerId, open.add(promise));
    void promise.then(() => {
      open.delete(promise);
      if (open.size === 0) this.#open.delete(workerId);
    });
  }

  async settled(workerId: string): Promise<void> {
    for (let open = this.#open.get(workerId); open; open = this.#open.get(workerId)) await Promise.all(open);
  }
}
