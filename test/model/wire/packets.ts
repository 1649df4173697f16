/** What a worker or a cluster and a broker say to each other. */
export interface Publication {
  topic: string;
  payload: Buffer;
  qos: 0 | 1;
}

export type Packet =
  | { kind: 'connect'; clientId: string; password: string }
  | { kind: 'connack'; ok: boolean; resumed: boolean }
  | { kind: 'subscribe' }
  | { kind: 'suback' }
  | { kind: 'publish'; id: number; publication: Publication; retained?: true }
  | { kind: 'puback'; id: number }
  | { kind: 'disconnect' };

/** the side of a connection */
export const CLIENT = 0;
export const BROKER = 1;
