/** What processes log, in the order in which everything happens. */
import type { Logger } from '@hedgerow/common';

/** one line for each message and log line; null = nobody reads */
export type Trace = ((line: string) => void) | null;

/** Nobody reads a log that is not traced. */
export function loggerOf(trace: Trace, now: () => number, name: string): Logger {
  const write = (level: string) => (fields: object, message: string) => {
    trace?.(`${stamp(now())} ${name} ${level}: ${message} ${JSON.stringify(fields, plainError)}`);
  };
  const logger: Logger = {
    debug() {},
    info: trace ? write('info') : () => {},
    warn: trace ? write('warn') : () => {},
    error: trace ? write('error') : () => {},
    child: () => logger,
  };
  return logger;
}

function plainError(_: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value;
}

export function stamp(ms: number): string {
  return `${(ms / 1000).toFixed(3).padStart(9)} s`;
}
