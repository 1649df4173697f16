import type { ClusterView } from './client.ts';

/** What the root says of an instance is what its cluster told it: of one that it does not hear now that may be over. */
export class Unreachable {
  readonly #clusters: ReadonlyMap<string, ClusterView>;

  constructor(clusters: readonly ClusterView[]) {
    this.#clusters = new Map(clusters.filter(({ active }) => !active).map(cluster => [cluster._id, cluster]));
  }

  /** Its name; undefined while the root hears it, and of "", where nothing is placed. */
  nameOf(clusterId: string): string | undefined {
    return this.#clusters.get(clusterId)?.cluster_name;
  }

  /**
   * ms since the epoch, by the clock of the root: when it connected or told new figures last, so never too late;
   * undefined while the root hears the cluster
   */
  lastHeard(clusterId: string): number | undefined {
    const seconds = this.#clusters.get(clusterId)?.last_modified_timestamp;
    return seconds === undefined ? undefined : Math.floor(seconds * 1000);
  }

  /** For people: since when the state of an instance there may be over. "" while the root hears the cluster. */
  caveat(clusterId: string): string {
    const at = this.lastHeard(clusterId);
    if (at === undefined) return '';
    return `as last heard at ${new Date(at).toISOString()}: cluster ${this.nameOf(clusterId)} is unreachable`;
  }
}
