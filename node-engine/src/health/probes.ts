/** Which check is made how, and for how long. */
import type { Clock } from '@hedgerow/common';
import type { HEALTH_CHECKS, HealthCheck } from '@hedgerow/protos';
import type { Runtime } from '../runtimes/runtime.ts';
import { whileAwake } from './awake.ts';
import { execProbe } from './exec-probe.ts';
import type { Result } from './health.ts';
import { httpProbe } from './http-probe.ts';
import type { Probe, Target } from './monitor.ts';
import { tcpProbe } from './tcp-probe.ts';

type Kind = (typeof HEALTH_CHECKS)[number];
type Make = (check: HealthCheck, target: Target, signal: AbortSignal) => Promise<Result>;

export function probes(parts: { runtime: Pick<Runtime, 'exec' | 'available'>; clock: Clock }): Probe {
  const make: Readonly<Record<Kind, Make>> = {
    http: ({ port, path }, { address }, signal) => httpProbe({ address, port, path }, signal),
    tcp: ({ port }, { address }, signal) => tcpProbe({ address, port }, signal),
    exec: ({ command }, { container }, signal) => execProbe(parts.runtime, { container, command }, signal),
  };
  return (check, target, signal) => {
    if (needsAddress(check) && target.address === '')
      return Promise.resolve({ outcome: 'unknown', why: 'the container has no address' });
    return within(parts.clock, check.timeout, signal, ending =>
      make[check.type as Kind](check, target, ending),
    );
  };
}

/** A container without a network can be looked at from inside alone. */
export function needsAddress({ type }: Pick<HealthCheck, 'type'>): boolean {
  return type !== 'exec';
}

/** ms that a check has to say why it could not be made, when it is given up */
const LAST_WORD = 1000;

/**
 * @param seconds until the check counts as failed, whether or not it has noticed that it was given up. A failure while
 * this process stood still may be its own fault: whoever was asked has waited for it in vain.
 */
async function within(
  clock: Clock,
  seconds: number,
  signal: AbortSignal,
  check: (ending: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const late = Promise.withResolvers<null>();
  const ending = new AbortController();
  const giveUp = () => {
    late.resolve(null);
    ending.abort();
  };
  const wait = whileAwake(clock, seconds * 1000, giveUp);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const checked = check(ending.signal);
    const result =
      (await Promise.race([late.promise, checked])) ?? (await unanswered(clock, seconds, checked));
    if (result.outcome !== 'failed' || !wait.stoodStill) return result;
    return { outcome: 'unknown', why: `${result.why}; this process stood still meanwhile` };
  } finally {
    wait.cancel();
    signal.removeEventListener('abort', giveUp);
  }
}

/** A check that could not be made is no failure, however long it took. */
async function unanswered(clock: Clock, seconds: number, checked: Promise<Result>): Promise<Result> {
  const failed: Result = { outcome: 'failed', why: `no answer in ${seconds} s` };
  const late = Promise.withResolvers<Result>();
  const cancel = clock.after(LAST_WORD, () => late.resolve(failed));
  const last = await Promise.race([checked, late.promise]).finally(cancel);
  return last.outcome === 'unknown' ? last : failed;
}
