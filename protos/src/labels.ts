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
