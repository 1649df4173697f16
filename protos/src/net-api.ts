/**
 * Between Node Engine and Net Manager: one interface, two ways (a direct call in one process, HTTP on port 6000
 * between two). HTTP paths and the keys of register/deploy/undeploy are Oakestra's.
 */
import type { TableEntry } from './link.ts';

/** `POST /register`; the same worker again changes only what differs. */
export interface NetRegistration {
  client_id: string;
  /** network address of the worker's /26 */
  subnet: string;
  /** where other workers' tunnels reach this one */
  public_address: string;
  tunnel_port: number;
}

/** `POST /container/deploy`. The same instance with another pid is wired again under its old address. */
export interface AttachRequest {
  pid: number;
  /** job name: app.app_ns.service.service_ns */
  serviceName: string;
  instanceNumber: number;
  /** `host:container/proto;…` */
  portMappings: string;
}

export interface AttachResult {
  serviceName: string;
  /** the container's own address, from the worker's subnet */
  nsAddress: string;
  nsAddressv6: string;
}

/** `POST /container/undeploy`; unknown is not an error. */
export interface DetachRequest {
  serviceName: string;
  instanceNumber: number;
}

/** `GET /status`. */
export interface NetStatus {
  registered: boolean;
  worker_id: string;
  subnet: string;
  attachments: { serviceName: string; instanceNumber: number; nsAddress: string; pid: number }[];
  services: number;
  /** sentences: what the kernel lacks, so that services cannot be reached as promised; none on a fit machine */
  problems: string[];
  /** false when a container cannot be attached with what is lacking; true when left out */
  usable?: boolean;
  /** bytes through the tunnel device since it was made */
  overlay: { received_bytes: number; sent_bytes: number };
}

export interface NetManager {
  register(registration: NetRegistration): Promise<void>;
  attach(request: AttachRequest): Promise<AttachResult>;
  detach(request: DetachRequest): Promise<void>;
  /** `POST /table`: the whole table; services that are not in it are forgotten. */
  setTable(entries: TableEntry[]): Promise<void>;
  /** `POST /table/entry`: one service. */
  setEntry(entry: TableEntry): Promise<void>;
  /** `GET /table`: what was told, as it was told. */
  table(): Promise<TableEntry[]>;
  status(): Promise<NetStatus>;
}

export const NET_PATHS = {
  register: '/register',
  attach: '/container/deploy',
  detach: '/container/undeploy',
  table: '/table',
  entry: '/table/entry',
  status: '/status',
} as const;
