import { pino } from 'pino';
import { LogFile } from './log-file.ts';

/** The part of pino that we use. Fields first, then the sentence: `log.info({ instance }, 'instance started')`. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: Record<string, unknown>): Logger;
}

export interface LoggerOptions {
  /** goes into every line: root, cluster, worker, net-manager */
  role: string;
  /** debug, info, warn, error or silent */
  level: string;
  /** file to append to; standard output when left out */
  file?: string;
}

/** One JSON line per event. An Error under `err` or `error` is written with its type, message, stack and cause. */
export function createLogger(options: LoggerOptions): Logger {
  const destination = new LogFile(options.file ?? 1);
  return pino(
    {
      level: options.level,
      base: { role: options.role },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
    },
    destination,
  );
}

export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
