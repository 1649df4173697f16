/** A worker reaches `nodes/<its id>/#` and nothing else; the topics that the cluster speaks on are not its to write. Pure. */
import { DOWN, parseNodeTopic } from '@hedgerow/protos';

const DOWN_LEAVES: ReadonlySet<string> = new Set(Object.values(DOWN));

export function mayPublish(workerId: string, topic: string): boolean {
  const parsed = parseNodeTopic(topic);
  if (parsed?.workerId !== workerId) return false;
  return !DOWN_LEAVES.has(parsed.leaf) && parsed.leaf !== 'control' && !parsed.leaf.startsWith('control/');
}

/** @param filter may hold wildcards, but only below the worker's own level */
export function maySubscribe(workerId: string, filter: string): boolean {
  return filter.startsWith(`nodes/${workerId}/`);
}

/** A session belongs to its client id, so a worker may only use ids that name it: `<id>`, `<id>-ne`, `hedgerow-<id>`. */
export function mayUseClientId(workerId: string, clientId: string): boolean {
  return clientId.includes(workerId);
}
