/** The root's documents. Root is the only writer of which applications, services and instances exist, and where. */
import type { Document } from '@hedgerow/common';
import type { Aggregate, Microservice, Status } from '@hedgerow/protos';

export interface User extends Document {
  name: string;
  email: string;
  created_at: string;
  roles: string[];
  /** scrypt, see auth/password.ts */
  password_hash: string;
}

export interface Application extends Document {
  application_name: string;
  application_namespace: string;
  application_desc: string;
  /** user name */
  owner: string;
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
}

/** `id` is `<service id>/<instance number>`. Outlives its service until its cluster says that it is gone. */
export interface Instance extends Document {
  service_id: string;
  application_id: string;
  job_name: string;
  instance_number: number;
  instance_ip: string;
  generation: number;
  desired: 'run' | 'gone';
  /** "" until a cluster accepted it */
  cluster_id: string;
  status: Status;
  status_detail: string;
  epoch: number;
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

export interface Cluster extends Document {
  name: string;
  location: string;
  address: string;
  port: number;
  aggregate: Aggregate;
  /** epoch seconds */
  last_modified_timestamp: number;
}

/** The insert of a claim is what makes a thing ours: `address/10.30.30.30`, `subnet/10.18.0.0`, `job-name/…`. */
export interface Claim extends Document {
  /** what it is for: `service/<id>`, `instance/<id>`, `worker/<cluster id>/<worker id>`, `application/<id>` */
  owner: string;
}

/**
 * Written before a change of several documents, removed after it. One that is found at start belongs to a change
 * that a crash cut short: everything it names is removed again.
 */
export interface Intent extends Document {
  creates: { collection: string; id: string }[];
}
