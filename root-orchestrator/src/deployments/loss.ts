/** What becomes of an instance while its cluster is out of reach of the root. Pure. */
import { type Microservice, STATUSES } from '@hedgerow/protos';
import type { Instance } from '../model.ts';

/** s; the default of `on_cluster_loss.grace` */
const GRACE = 60;

/** `on_cluster_loss` of a service's specification. */
export interface LossRule {
  action: 'replace' | 'wait';
  /** ms from the loss until it is replaced */
  grace: number;
}

/** A cluster that is out of reach. */
export interface Absence {
  name: string;
  /** epoch ms, for people */
  since: number;
  /** ms that it has lasted, by the monotonic clock */
  lasted: number;
}

export function lossRule({ on_cluster_loss: rule }: Microservice): LossRule {
  return { action: rule?.action === 'wait' ? 'wait' : 'replace', grace: (rule?.grace ?? GRACE) * 1000 };
}

/** Is there anything to be kept up while its cluster is away? What has ended for good has not. */
export function isHeld({ desired, status, cluster_id }: Instance): boolean {
  return desired === 'run' && cluster_id !== '' && !STATUSES[status].final;
}

/** Is it to run elsewhere now? */
export function isOver({ action, grace }: LossRule, { lasted }: Absence): boolean {
  return action === 'replace' && lasted >= grace;
}

export function outOfReach({ name, since }: Pick<Absence, 'name' | 'since'>): string {
  return `cluster ${name} is out of reach since ${time(since)}`;
}

/**
 * The instance's `status_detail` meanwhile.
 * @param stuck why no other cluster takes it; null while that is not asked
 */
export function whileAway(
  instance: Instance,
  absence: Absence,
  { action, grace }: LossRule,
  stuck: string | null = null,
): string {
  const last = instance.last_detail ?? instance.status_detail;
  const until = action === 'wait' ? 'it is waited for' : `waited for until ${time(absence.since + grace)}`;
  return [outOfReach(absence), last, stuck === null ? until : `${STUCK}${stuck}`]
    .filter(part => part !== '')
    .join('; ');
}

const STUCK = 'no other cluster takes it: ';

/**
 * Do two details of `whileAway` differ in nothing but the amounts in why no other cluster takes the instance? Those change
 * with every beat of a cluster, and are not worth a write for each instance.
 */
export function saysTheSame(one: string, other: string): boolean {
  return withoutAmounts(one) === withoutAmounts(other);
}

function withoutAmounts(detail: string): string {
  const reason = detail.lastIndexOf(STUCK);
  return reason < 0 ? detail : detail.slice(0, reason) + wordsOf(detail.slice(reason));
}

/** @returns the sentence without its amounts, so that two that differ in nothing else are the same */
export function wordsOf(sentence: string): string {
  return sentence.replaceAll(/\d+/g, 'n');
}

/** To the second. */
function time(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
