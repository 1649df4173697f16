/** Which root leads: it alone talks to clusters and runs what must run once. Every root answers the whole API. */

export interface Leader {
  /** grows with each change of the leader */
  epoch: number;
  /** `host:port` or `unix:/path` that clusters and other roots reach it at */
  address: string;
}

/** One time of leading. */
export interface Reign {
  /** 0 with an embedded store, where there is nobody else */
  readonly epoch: number;
  /** False from the moment on that another root may lead: then nothing may be written that only the leader writes. */
  isValid(): boolean;
}

/** What runs during one reign, and not again after it. */
export interface Term {
  start(): Promise<void>;
  /** What others could notice ends before this returns; the promise, when nothing runs any more. Also during `start`. */
  stop(): Promise<void>;
}

export type MakeTerm<T extends Term = Term> = (reign: Reign) => T;

export interface Leadership<T extends Term = Term> {
  /** null while this root does not lead */
  readonly term: T | null;
  /** Who leads, this root included, as far as it is known; null while nobody does. */
  leader(): Leader | null;
  /** A cluster has been welcomed under this epoch: a leader with a smaller one has been followed, or is of another store. */
  outbid(epoch: number): void;
  /**
   * Leads at once when nobody else does.
   * @param address of this root, as in `Leader`
   */
  start(address: string): Promise<void>;
  /** Gives the lead back. */
  stop(): Promise<void>;
}
