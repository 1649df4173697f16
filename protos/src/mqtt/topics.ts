/**
 * Every MQTT topic between Cluster Manager and Node Engine: Oakestra's (`nodes/<id>/…`) and ours beside them
 * (presence, sync, beat, control/probe, control/sync, net/table). A worker may touch only `nodes/<its id>/#`.
 */
export const UP = {
  /** QoS 1, to a broker that does not know it and on change: what the machine offers. */
  information: 'information',
  /** QoS 1, at once: an instance changed its status. */
  job: 'job',
  /** QoS 0, at most every 15 s and only when changed: usage of instances. */
  jobsResources: 'jobs/resources',
  /** QoS 0, every few seconds: 8 bytes, see `beat.ts`. Also the answer to a probe. */
  beat: 'beat',
  /** QoS 1, retained, Last Will: is the connection there, and digests of what the worker has. */
  presence: 'presence',
  /** QoS 1, when asked: everything that the worker has. */
  sync: 'sync',
  /** QoS 1: which instances answer for a service IP or job name? */
  tableQuery: 'net/tablequery/request',
  /** QoS 1: lines of an instance's output, as asked for. */
  logs: 'logs',
} as const;

export const DOWN = {
  /** QoS 1: run this instance. */
  deploy: 'control/deploy',
  /** QoS 1: stop and forget this instance. */
  delete: 'control/delete',
  /** QoS 1: publish `sync`. */
  sync: 'control/sync',
  /** QoS 1: register again: the subnet that the cluster answered last is another one by now. */
  register: 'control/register',
  /** QoS 0: publish `beat` now. */
  probe: 'control/probe',
  /** QoS 1: one service of the network table (also the answer to a query). */
  tableResult: 'net/tablequery/result',
  /** QoS 1: the whole network table of this worker; services that are not in it are forgotten. */
  table: 'net/table',
  /** QoS 0, repeated while somebody reads: send an instance's output, or stop sending it. */
  logs: 'control/logs',
} as const;

export type UpTopic = (typeof UP)[keyof typeof UP];
export type DownTopic = (typeof DOWN)[keyof typeof DOWN];

export function nodeTopic(workerId: string, leaf: UpTopic | DownTopic | '#'): string {
  return `nodes/${workerId}/${leaf}`;
}

/** @returns worker id and leaf, or null when the topic is not a worker's. */
export function parseNodeTopic(topic: string): { workerId: string; leaf: string } | null {
  const match = /^nodes\/([0-9a-f]{24})\/(.+)$/.exec(topic);
  return match ? { workerId: match[1] as string, leaf: match[2] as string } : null;
}
