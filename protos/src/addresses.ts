/** The address plan. Limits are Oakestra's; nothing else in the tree spells these numbers. */
export const SERVICE_PREFIX = '10.30.0.0/16';
/** First and last /26 that a worker may get. */
export const FIRST_WORKER_SUBNET = '10.18.0.0';
export const LAST_WORKER_SUBNET = '10.29.255.128';
export const WORKER_SUBNET_BITS = 26;
/** @param subnet network address @returns `10.18.0.64/26` */
export function workerPrefix(subnet: string): string {
  return `${subnet}/${WORKER_SUBNET_BITS}`;
}
/** Instances per worker: subnet + 2 … subnet + 62; subnet + 1 is the gateway. */
export const INSTANCES_PER_WORKER = 61;
/** Everything above, and nothing else, lies in here. */
export const OVERLAY_PREFIX = '10.16.0.0/12';
export const TUNNEL_PORT = 50103;
/** Container MTU: 1500 less the VXLAN overhead. */
export const OVERLAY_MTU = 1450;
