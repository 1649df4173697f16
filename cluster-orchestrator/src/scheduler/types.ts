/** What the scheduler knows: what an instance needs and what each worker has left. */

/** Units: cores, MiB. */
export interface Demand {
  /** instance id */
  instance: string;
  /** service id */
  service: string;
  vcpus: number;
  memory: number;
  vgpus: number;
  /** host ports, `80/tcp` */
  ports: readonly string[];
  virtualization: string;
  /** any of these; none = any at all */
  architectures: readonly string[];
  /** host names of a direct constraint; null = any worker */
  workers: readonly string[] | null;
  /** has a service IP, so its worker needs a Net Manager */
  overlay: boolean;
}

export interface Offer {
  id: string;
  hostname: string;
  vcpus: number;
  memory: number;
  vgpus: number;
  architecture: string;
  virtualization: readonly string[];
  overlay: boolean;
  /** sentences: what the machine lacks */
  problems: readonly string[];
}

/** suspect: its last beat is late; away: not heard of, so nothing is placed there */
export type Presence = 'live' | 'suspect' | 'away';

/** One worker in the index. */
export interface Seat {
  offer: Offer;
  presence: Presence;
  /** orders that it has not taken yet */
  backlog: number;
  reserved: { vcpus: number; memory: number; vgpus: number };
  /** host port → instance id */
  ports: Map<string, string>;
  /** service id → how many of its instances are here */
  services: Map<string, number>;
  /** instance id → what is reserved for it */
  instances: Map<string, Demand>;
}

export type Quantity = 'vcpus' | 'memory' | 'vgpus';

export function free(seat: Seat, quantity: Quantity): number {
  return seat.offer[quantity] - seat.reserved[quantity];
}
