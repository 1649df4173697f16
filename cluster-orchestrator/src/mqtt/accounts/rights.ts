/**
 * What a worker and the cluster itself may do, in the words of Mosquitto's dynamic security plug-in. The same as in the
 * embedded broker (`../acl.ts`). Pure.
 */
import { DOWN, nodeTopic } from '@hedgerow/protos';

export interface Rule {
  acltype:
    | 'publishClientSend'
    | 'publishClientReceive'
    | 'subscribePattern'
    | 'subscribeLiteral'
    | 'unsubscribePattern'
    | 'unsubscribeLiteral';
  topic: string;
  /** the highest that matches decides */
  priority: number;
  allow: boolean;
}

/** The first words of the names of all roles that this cluster makes: what bears them is its own to change. */
export function rolePrefix(clusterName: string): string {
  return `hedgerow/${clusterName}/`;
}

export function workerRole(clusterName: string, workerId: string): string {
  return `${rolePrefix(clusterName)}${workerId}`;
}

/** No worker has this id. */
export function clusterRole(clusterName: string): string {
  return `${rolePrefix(clusterName)}cluster`;
}

/** A session belongs to its client id: another worker may not take it over. */
export function clientIdOf(workerId: string): string {
  return `${workerId}-ne`;
}

/** `nodes/<its id>/#`, but for writing where the cluster speaks. */
export function workerRules(workerId: string): Rule[] {
  const spoken = Object.values(DOWN).filter(leaf => !leaf.startsWith('control/'));
  const denied = ['control', 'control/#', ...spoken].map(leaf => `nodes/${workerId}/${leaf}`);
  return [
    ...denied.map(topic => ({ acltype: 'publishClientSend', topic, priority: 1, allow: false }) as const),
    ...everythingBelow(nodeTopic(workerId, '#')),
  ];
}

export function clusterRules(): Rule[] {
  return everythingBelow('nodes/#');
}

function everythingBelow(topic: string): Rule[] {
  const types = [
    'publishClientSend',
    'publishClientReceive',
    'subscribePattern',
    'unsubscribePattern',
  ] as const;
  return types.map(acltype => ({ acltype, topic, priority: 0, allow: true }));
}
