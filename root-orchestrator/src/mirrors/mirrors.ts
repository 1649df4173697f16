/** What the API shows, in memory: applications, their services and instances, clusters. */
import type { Collections } from '../collections.ts';
import type { Application, Cluster, Instance, Service } from '../model.ts';
import { Mirror } from './mirror.ts';

export class Mirrors {
  readonly applications: Mirror<Application>;
  readonly services: Mirror<Service>;
  readonly instances: Mirror<Instance>;
  readonly clusters: Mirror<Cluster>;
  readonly #shared: boolean;
  #reading: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  /** @param shared may other processes write to the store? */
  constructor(collections: Collections, shared: boolean) {
    this.applications = new Mirror(collections.applications);
    this.services = new Mirror(collections.services);
    this.instances = new Mirror(collections.instances);
    this.clusters = new Mirror(collections.clusters);
    this.#shared = shared;
  }

  /** Reads everything once and follows what changes. */
  async start(): Promise<void> {
    await Promise.all(this.#each().map(mirror => mirror.start()));
  }

  stop(): void {
    for (const mirror of this.#each()) mirror.stop();
  }

  /**
   * Resolves when everything that was stored before the call is here. With a store of our own it always is; else
   * all is read again, once for all who wait.
   */
  async current(): Promise<void> {
    if (!this.#shared) return;
    // A reading under way may have begun before the write that the caller wants to see.
    this.#next ??= (this.#reading ?? Promise.resolve()).catch(() => {}).then(() => this.#read());
    await this.#next;
  }

  async #read(): Promise<void> {
    this.#reading = this.#next;
    this.#next = null;
    try {
      await Promise.all(this.#each().map(mirror => mirror.reload()));
    } finally {
      if (this.#next === null) this.#reading = null;
    }
  }

  #each() {
    return [this.applications, this.services, this.instances, this.clusters] as const;
  }
}
