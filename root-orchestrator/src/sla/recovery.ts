/** What a schema cannot say about `restart`, `health_check` and `on_cluster_loss` of one service. */
import type { FieldError } from '@hedgerow/common';

type Fields = Readonly<Record<string, unknown>>;

/** @param path of the service. @param service unchecked */
export function checkRecovery(path: string, service: Fields): FieldError[] {
  const [restart, check, loss] = ['restart', 'health_check', 'on_cluster_loss'].map(key =>
    partOf(service, key),
  );
  return [
    ...(restart ? checkRestart(`${path}.restart`, restart, service.one_shot === true) : []),
    ...(check ? checkHealthCheck(`${path}.health_check`, check) : []),
    ...(loss ? checkLoss(`${path}.on_cluster_loss`, loss) : []),
  ];
}

/** What would have no effect is refused: whoever wrote it expects one. */
function checkRestart(path: string, { policy, attempts }: Fields, oneShot: boolean): FieldError[] {
  const allowed = 'on-failure or never: a one_shot service is not started again after exit code 0';
  return [
    ...(oneShot && policy === 'always' ? [{ path: `${path}.policy`, found: policy, allowed }] : []),
    ...(policy === 'never' && typeof attempts === 'number' && attempts > 0
      ? [
          {
            path: `${path}.attempts`,
            found: attempts,
            allowed: '0 or nothing: with never there is no attempt',
          },
        ]
      : []),
  ];
}

/** type → which fields of it must be there, and which cannot be */
const NEEDS: Readonly<Record<string, { needed: readonly string[]; useless: readonly string[] }>> = {
  http: { needed: ['port'], useless: ['command'] },
  tcp: { needed: ['port'], useless: ['command', 'path'] },
  exec: { needed: ['command'], useless: ['port', 'path'] },
};

const WANTED: Readonly<Record<string, string>> = {
  port: 'a port of the container, 1 to 65535',
  command: 'a program of the image and its arguments',
};

function checkHealthCheck(path: string, check: Fields): FieldError[] {
  const type = String(check.type);
  const rule = Object.hasOwn(NEEDS, type) ? NEEDS[type] : undefined;
  if (!rule) return [];
  const missing = rule.needed.filter(key => check[key] === undefined);
  const useless = rule.useless.filter(key => check[key] !== undefined);
  return [
    ...missing.map(key => ({
      path: `${path}.${key}`,
      found: null,
      allowed: `${WANTED[key]}; ${type} needs it`,
    })),
    ...useless.map(key => ({
      path: `${path}.${key}`,
      found: check[key],
      allowed: `nothing: ${type} has no ${key}`,
    })),
  ];
}

function checkLoss(path: string, { action, grace }: Fields): FieldError[] {
  if (action !== 'wait' || grace === undefined) return [];
  const allowed = 'nothing: wait has no end; replace waits for the grace first';
  return [{ path: `${path}.grace`, found: grace, allowed }];
}

function partOf(service: Fields, key: string): Fields | null {
  const part = service[key];
  return typeof part === 'object' && part !== null && !Array.isArray(part) ? (part as Fields) : null;
}
