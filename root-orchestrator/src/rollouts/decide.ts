/** What an update of a service needs next. Pure: the documents and what was seen of the new instances decide. */
import { isPlaced, STATUSES } from '@hedgerow/protos';
import type { Instance, Rollout } from '../model.ts';

/** What was seen of a new instance, in ms of the monotonic clock. */
export interface Seen {
  /** when it was there first */
  since: number;
  /** since when it has been RUNNING without a break; null = it is not */
  running: number | null;
  /** when it was FAILED first; null = never */
  failing: number | null;
}

export type Step =
  /** for a change of an instance, or until then (ms, monotonic) */
  | { kind: 'wait'; until: number }
  /** make the instance that is to take this one's place */
  | { kind: 'replace'; old: Instance }
  | { kind: 'remove'; instances: Instance[]; detail: string | null }
  | { kind: 'turn'; why: string }
  | { kind: 'end'; failure: string | null };

/** ms that a new instance must be RUNNING before the old one goes: most of what cannot live dies at once. */
export const SETTLE = 3_000;
/** ms from its first failure on in which a worker may try again: a registry that does not answer is soon back. */
export const RETRIES = 30_000;
/** ms to find room */
export const ROOM_WITHIN = 60_000;
/** ms to be RUNNING: an image may take ten minutes to pull */
export const RUNNING_WITHIN = 660_000;

export interface Situation {
  rollout: Rollout;
  /** all of the service's */
  instances: readonly Instance[];
  seen(id: string): Seen;
  /** ms, monotonic */
  now: number;
}

export function decide(situation: Situation): Step {
  const { rollout, instances } = situation;
  const wanted = instances.filter(({ desired }) => desired === 'run');
  const news = wanted.filter(instance => !isOld(rollout, instance));
  const olds = wanted.filter(instance => isOld(rollout, instance) && !isDone(instance, rollout, news));
  // also made for one that was asked for just then, and so took the new specification by itself
  const made = rollout.state === 'undoing' ? wanted : news;
  const surplus = made.filter(instance => hasPredecessor(instance, news));
  if (surplus.length > 0) return { kind: 'remove', instances: surplus, detail: null };
  for (const old of olds) {
    const [successor, ...others] = successorsOf(old, rollout, news);
    if (others.length > 0) return { kind: 'remove', instances: others, detail: null };
    if (!successor) continue;
    if (old.cluster_id === '') return removal(old, olds, news);
    return judge(situation, successor) ?? removal(old, olds, news);
  }
  const [next] = olds.toSorted(byUse);
  return next ? { kind: 'replace', old: next } : { kind: 'end', failure: null };
}

/** The specification on trial belongs to one generation only; see `specificationOf`. */
export function isOld({ state, from, to }: Rollout, { generation }: Instance): boolean {
  return state === 'rolling' ? generation !== to.generation : generation === from.generation;
}

/** It stays as it is; unless another one was made for it before it ended, which would be one more. */
function isDone(instance: Instance, rollout: Rollout, news: readonly Instance[]): boolean {
  const isTwofold = hasPredecessor(instance, news) || successorsOf(instance, rollout, news).length > 0;
  return instance.status === 'COMPLETED' && !isTwofold;
}

/** Is what it was to replace one of those that stay? */
function hasPredecessor({ replaces }: Instance, news: readonly Instance[]): boolean {
  return replaces !== undefined && news.some(({ instance_number }) => instance_number === replaces);
}

function successorsOf(old: Instance, { to }: Rollout, news: readonly Instance[]): Instance[] {
  return news
    .filter(({ replaces, generation }) => replaces === old.instance_number && generation === to.generation)
    .sort((a, b) => a.instance_number - b.instance_number);
}

/** @returns null when the new instance can take the old one's place */
function judge({ rollout, seen, now }: Situation, successor: Instance): Step | null {
  const { since, running, failing } = seen(successor.id);
  if (successor.status === 'COMPLETED') return null;
  if (STATUSES[successor.status].final) return failed(rollout, ofFailed(successor, 'for good'));
  if (hasFailed(successor)) {
    const first = failing ?? now;
    return now - first >= RETRIES
      ? bad(rollout, successor, now - first)
      : { kind: 'wait', until: first + RETRIES };
  }
  if (running !== null) return now - running >= SETTLE ? null : { kind: 'wait', until: running + SETTLE };
  const within = isPlaced(successor.status) ? RUNNING_WITHIN : ROOM_WITHIN;
  return now - since >= within ? bad(rollout, successor, within) : { kind: 'wait', until: since + within };
}

/** Not the end: its worker starts it again, later and later. One that is DEAD is not started again. */
export function hasFailed({ status }: Instance): boolean {
  return status === 'FAILED';
}

/** What fails on the way back leaves both: whoever operates it has to look. */
export function failed({ state }: Rollout, why: string): Exclude<Step, { kind: 'wait' }> {
  return state === 'rolling' ? { kind: 'turn', why } : { kind: 'end', failure: why };
}

function bad(rollout: Rollout, successor: Instance, within: number): Step {
  return failed(rollout, ofFailed(successor, `after ${Math.round(within / 1000)} s`));
}

/** @param when continues "it is FAILED …" */
function ofFailed({ instance_number, status, status_detail }: Instance, when: string): string {
  const why = `instance ${instance_number}, which was to take over, is ${status} ${when}`;
  return status_detail ? `${why}: ${status_detail}` : why;
}

function removal(old: Instance, olds: readonly Instance[], news: readonly Instance[]): Step {
  const all = new Set([...olds.map(({ instance_number }) => instance_number)]);
  const waiting = news.filter(({ replaces }) => replaces !== undefined && all.has(replaces));
  const done = news.length - waiting.length + 1;
  const detail = `${done} of ${news.length - waiting.length + olds.length} instances are replaced`;
  return { kind: 'remove', instances: [old], detail };
}

/** Those that serve nobody first, then the oldest. */
function byUse(a: Instance, b: Instance): number {
  return use(a) - use(b) || a.instance_number - b.instance_number;
}

function use({ cluster_id, status }: Instance): number {
  if (cluster_id === '') return 0;
  return status === 'RUNNING' ? 2 : 1;
}
