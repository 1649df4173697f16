import type { FromCluster, FromRoot } from './link.ts';

/** How metrics of every tier name an instance, so that they can be put side by side. */
export const INSTANCE_LABELS = ['application', 'service', 'instance_number'] as const;

export type InstanceLabels = Readonly<Record<(typeof INSTANCE_LABELS)[number], string>>;

/** @param jobName `<application>.<namespace>.<service>.<namespace>` */
export function instanceLabels(jobName: string, instanceNumber: number): InstanceLabels {
  const words = jobName.split('.');
  return {
    application: words.slice(0, 2).join('.'),
    service: words.slice(2).join('.'),
    instance_number: String(instanceNumber),
  };
}

const FROM_CLUSTER: Readonly<Record<NonNullable<FromCluster['body']>, null>> = {
  hello: null,
  aggregate: null,
  reports: null,
  place_answer: null,
  subnet_claim: null,
  subnet_release: null,
  table_query: null,
  log_chunk: null,
  list: null,
};

const FROM_ROOT: Readonly<Record<NonNullable<FromRoot['body']>, null>> = {
  welcome: null,
  place: null,
  remove: null,
  subnet_grant: null,
  table_entry: null,
  refused: null,
  log_request: null,
  log_stop: null,
};

/** Kinds of messages on the stream between a cluster and the root. */
export const LINK_KINDS = {
  fromCluster: Object.keys(FROM_CLUSTER),
  fromRoot: Object.keys(FROM_ROOT),
} as const;

/** @returns the one key that is set, but for `body`, which a sender leaves out */
export function kindOf(message: FromCluster | FromRoot): string {
  return message.body ?? Object.keys(message).find(key => key !== 'body') ?? '';
}
