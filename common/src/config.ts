/**
 * Settings of a process: defaults, then environment, then flags; read once at start, unknown flags refused. An empty
 * variable counts as none, because that is what composition files make of a variable that is not set.
 */
import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { defineErrors, HedgerowError } from './errors.ts';

export const CONFIG_ERRORS = defineErrors({ BAD_CONFIG: { http: 400, retryable: false } });

export interface Setting<T> {
  flag: string;
  /** one letter */
  short?: string;
  env?: string;
  default: T;
  help: string;
  parse: (text: string, name: string) => T;
}

export type Settings<C> = { readonly [K in keyof C]: Setting<C[K]> };

export const text = (value: string): string => value;

export function integer(min: number, max: number): (value: string, name: string) => number {
  return (value, name) => {
    const number = Number(value);
    if (/^-?\d+$/.test(value) && number >= min && number <= max) return number;
    throw badSetting(name, value, `a whole number from ${min} to ${max}`);
  };
}

export const port = integer(0, 65535);

/** A name or an address, without a port. */
export function host(value: string, name: string): string {
  if (isIP(value) !== 0 || /^[^\s\p{Cc}:/?#@[\]]+$/u.test(value)) return value;
  throw badSetting(name, value, 'a host name or an address, without port and spaces');
}

export function flag(value: string, name: string): boolean {
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw badSetting(name, value, 'true or false');
}

export function oneOf<const T extends string>(...words: T[]): (value: string, name: string) => T {
  return (value, name) => {
    if ((words as string[]).includes(value)) return value as T;
    throw badSetting(name, value, words.join(', '));
  };
}

export const logLevel: Setting<string> = {
  flag: 'log-level',
  env: 'HEDGEROW_LOG_LEVEL',
  default: 'info',
  help: 'debug, info, warn, error or silent',
  parse: oneOf('debug', 'info', 'warn', 'error', 'silent'),
};

export const metricsToken: Setting<string> = {
  flag: 'metrics-token',
  env: 'METRICS_TOKEN',
  default: '',
  help: 'bearer token that /metrics asks for; anybody may read it when empty',
  parse: text,
};

/** What a `parse` throws. @param path the flag, variable or key, as the user wrote it */
export function badSetting(path: string, found: unknown, allowed: string, cause?: unknown): HedgerowError {
  const message = `${path} is ${JSON.stringify(found)}; allowed: ${allowed}`;
  return new HedgerowError(CONFIG_ERRORS.BAD_CONFIG, message, { cause, errors: [{ path, found, allowed }] });
}

/** @throws BAD_CONFIG naming the flag or the variable */
export function readConfig<C>(settings: Settings<C>, argv: readonly string[], env: NodeJS.ProcessEnv): C {
  const flags = parseFlags(settings, argv);
  const entries = Object.entries<Setting<unknown>>(settings).map(([key, setting]) => {
    const fromFlag = flags[setting.flag];
    if (fromFlag !== undefined) return [key, setting.parse(fromFlag, `--${setting.flag}`)];
    const fromEnv = setting.env === undefined ? '' : (env[setting.env] ?? '');
    if (fromEnv !== '') return [key, setting.parse(fromEnv, setting.env ?? '')];
    return [key, setting.default];
  });
  return Object.fromEntries(entries) as C;
}

/** The lines of `--help`, one per setting. */
export function configHelp<C>(settings: Settings<C>): string {
  return Object.values<Setting<unknown>>(settings)
    .map(s => {
      const names = `${s.short ? `-${s.short}, ` : '    '}--${s.flag}${s.env ? ` (${s.env})` : ''}`;
      return `  ${names.padEnd(44)} ${s.help}${s.default === '' ? '' : ` [${String(s.default)}]`}`;
    })
    .join('\n');
}

function parseFlags<C>(settings: Settings<C>, argv: readonly string[]): Record<string, string | undefined> {
  const options = Object.fromEntries(
    Object.values<Setting<unknown>>(settings).map(s => [
      s.flag,
      {
        type: s.parse === (flag as unknown) ? 'boolean' : 'string',
        ...(s.short ? { short: s.short } : {}),
      } as const,
    ]),
  );
  try {
    const { values } = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false });
    return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
  } catch (cause) {
    throw new HedgerowError(CONFIG_ERRORS.BAD_CONFIG, (cause as Error).message, { cause });
  }
}
