/** Which check is made how, and for how long. */
import type { Clock } from '@hedgerow/common';
import type { HEALTH_CHECKS, HealthCheck } from '@hedgerow/protos';
import type { Runtime } from '../runtimes/runtime.ts';
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

/** @param seconds until the check counts as failed, whether or not it has noticed that it was given up */
async function within(
  clock: Clock,
  seconds: number,
  signal: AbortSignal,
  check: (ending: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const late = Promise.withResolvers<Result>();
  const ending = new AbortController();
  const giveUp = () => {
    late.resolve({ outcome: 'failed', why: `no answer in ${seconds} s` });
    ending.abort();
  };
  const cancel = clock.after(seconds * 1000, giveUp);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([late.promise, check(ending.signal)]);
  } finally {
    cancel();
    signal.removeEventListener('abort', giveUp);
  }
}
