/** How an order says when its program is started again and how its health is checked. */
import {
  type DeployPayload,
  HEALTH_CHECKS,
  type HealthCheck,
  RESTART_POLICIES,
  type RestartPolicy,
} from '@hedgerow/protos';
import { type Fields, fieldsOf } from './fields.ts';

/** What is left out means the default: started again without end, not checked. @throws BAD_MESSAGE naming the field */
export function recoveryOf(topic: string, f: Fields): Pick<DeployPayload, 'restart' | 'health_check'> {
  const [restart, check] = [f.object('restart'), f.object('health_check')];
  return {
    ...(restart && { restart: restartPolicy(fieldsOf(`${topic}: restart`, restart)) }),
    ...(check && { health_check: healthCheck(fieldsOf(`${topic}: health_check`, check)) }),
  };
}

function restartPolicy(f: Fields): RestartPolicy {
  return { policy: choice(f, 'policy', RESTART_POLICIES, 'always'), attempts: f.count('attempts', 0) };
}

/** Limits and defaults are those of the SLA. */
function healthCheck(f: Fields): HealthCheck {
  const type = choice(f, 'type', HEALTH_CHECKS);
  const exec = type === 'exec';
  return {
    type,
    port: exec ? f.count('port', 0) : whole(f, 'port', 1, 65_535),
    path: f.value('path', '/', 'a path, as /health', v => typeof v === 'string' && /^\/[!-~]*$/.test(v)),
    command: exec ? program(f) : f.words('command'),
    interval: whole(f, 'interval', 1, 3600, 10),
    timeout: whole(f, 'timeout', 1, 600, 3),
    retries: whole(f, 'retries', 1, 100, 3),
    start_period: whole(f, 'start_period', 0, 600, 0),
  };
}

function choice(f: Fields, key: string, of: readonly string[], fallback?: string): string {
  return f.value(key, fallback, of.join(', '), value => of.includes(value as string));
}

function whole(f: Fields, key: string, least: number, most: number, fallback?: number): number {
  const allowed = `a whole number from ${least} to ${most}`;
  const ok = (value: unknown) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  return f.value(key, fallback, allowed, ok);
}

function program(f: Fields): string[] {
  const words = f.words('command');
  const [first = ''] = words;
  return f.value('command', words, 'a program and its arguments', () => first !== '');
}
