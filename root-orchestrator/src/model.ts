/** The root's documents. Root is the only writer of which applications, services and instances exist, and where. */
import type { Document } from '@hedgerow/common';
import type { Aggregate, Microservice, Move, Role, Status } from '@hedgerow/protos';

export interface User extends Document {
  name: string;
  email: string;
  created_at: string;
  /** scrypt, see auth/password.ts */
  password_hash: string;
  /** grows when the password changes; a token with another one is refused */
  token_version: number;
}

/** A user has roles as a member of an organization; `root` is made at first start. */
export interface Organization extends Document {
  name: string;
  member: { user_id: string; roles: Role[] }[];
}

/** Lets whoever has the token set a new password. `id` is the token's SHA-256, hex. */
export interface PasswordReset extends Document {
  user_id: string;
  /** epoch s */
  expires: number;
}

/** A refresh token that was given back before its time. `id` is its `jti`. */
export interface Revocation extends Document {
  /** epoch s; the token is worth nothing from then on anyhow */
  expires: number;
}

export interface Application extends Document {
  application_name: string;
  application_namespace: string;
  application_desc: string;
  /** user name */
  owner: string;
  /** in which the owner was logged in when he made it */
  organization_id: string;
  /** fields of the SLA's application that we do not know; kept and shown */
  extra: Record<string, unknown>;
}

export interface Service extends Document {
  application_id: string;
  /** app.app_ns.service.service_ns; unique, claimed as `job-name/<job_name>` */
  job_name: string;
  app_name: string;
  app_ns: string;
  /** as the SLA gave it */
  microservice: Microservice;
  service_ip: string;
  next_instance_number: number;
  /** grows when the specification changes */
  generation: number;
  /** The next one is larger than this, too: of a service from a backup, workers may know more than is stored. */
  generation_floor?: number;
  /** an update that is not through yet, or was undone; null when there was none */
  rollout: Rollout | null;
}

/** An update: instances of `from.generation` are replaced one by one. Undoing is the same with the sides turned. */
export interface Rollout {
  state: 'rolling' | 'undoing' | 'done' | 'undone' | 'failed';
  /** a sentence: how far, or why it was undone */
  detail: string;
  from: Specification;
  to: Specification;
  /** epoch s */
  started: number;
  request_id: string;
}

export interface Specification {
  generation: number;
  microservice: Microservice;
}

/** `id` is `<service id>/<instance number>`. Outlives its service until its cluster says that it is gone. */
export interface Instance extends Document {
  service_id: string;
  application_id: string;
  job_name: string;
  instance_number: number;
  instance_ip: string;
  /** of the specification that it runs; never changes */
  generation: number;
  /** number of the instance that goes when this one runs; only those that an update made have it */
  replaces?: number;
  desired: 'run' | 'gone';
  /** of the API request that asked for it; in every log line about it */
  request_id: string;
  /** that has it or was asked for it, "" = none */
  cluster_id: string;
  /** ids of clusters that had it when they went out of reach and may have a copy still: it has been given to another one */
  left?: readonly string[] | undefined;
  /** it has ended, and the cluster that had it has no trace of it any more: its digest is made without it */
  unlisted?: true | undefined;
  status: Status;
  status_detail: string;
  /** what `status_detail` was before it had to say that the cluster is out of reach */
  last_detail?: string | undefined;
  /** the highest that was heard of, whatever cluster it was of */
  epoch: number;
  /** epoch of the root that wrote it last while leading: an earlier one writes it no more */
  reign?: number;
  worker_id: string;
  host_ip: string;
  host_port: number;
  namespace_ip: string;
  worker_subnet: string;
  cpu_percent: string;
  memory_percent: string;
  disk: string;
  logs: string;
  /** epoch seconds */
  last_modified_timestamp: number;
}

/** What happened to an instance; `id` is the instance's, and it goes with it, unless `kept`. */
export interface History extends Document {
  service_id: string;
  /** it was ended by nobody who asked the root: who misses it can read for a day why */
  kept?: boolean;
  /** epoch ms; since when there is no instance any more */
  gone_at?: number;
  /** oldest first, at most MOST_MOVES */
  moves: PlacedMove[];
}

export interface PlacedMove extends Move {
  cluster_id: string;
}

export interface Cluster extends Document {
  name: string;
  location: string;
  address: string;
  port: number;
  aggregate: Aggregate;
  /** the root whose lease has this epoch holds its stream; -1 = no root does */
  connected_epoch: number;
  /** epoch seconds */
  last_modified_timestamp: number;
}

/** The insert of a claim is what makes a thing ours: `address/10.30.30.30`, `subnet/10.18.0.0`, `job-name/…`. */
export interface Claim extends Document {
  /** what it is for: `service/<id>`, `instance/<id>`, `worker/<cluster id>/<worker id>`, `application/<id>` */
  owner: string;
  /** an address that somebody wished for: it says nothing about which ones were given in turn */
  chosen?: true;
}

/**
 * Written before a change of several documents, removed after it. One that is found at start belongs to a change
 * that a crash cut short: everything it names is removed again.
 */
export interface Intent extends Document {
  creates: { collection: string; id: string }[];
  /** of the API request that removes them; none when they are made */
  request_id?: string;
  /** the process that works on it */
  root_id: string;
  /** epoch s; a foreign intent is undone when it is much older than any request may take */
  at: number;
}

/** The one document `leader`: whoever holds it talks to clusters and runs the loops. */
export interface Lease extends Document {
  root_id: string;
  /** grows with each change of holder */
  epoch: number;
  /** host:port that clusters and other roots reach it at */
  address: string;
  /** of the holder, as `leadership/process.ts` writes it; none of an earlier version */
  process?: string;
  /** epoch ms by the holder's clock, for people only: others judge it by whether `revision` grows */
  renewed: number;
}
