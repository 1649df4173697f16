import type { Logger } from '@hedgerow/common';

export interface Line {
  level: keyof Omit<Logger, 'child'>;
  fields: Record<string, unknown>;
  message: string;
}

/** A log that can be read. */
export function recorder(lines: Line[] = [], own: Record<string, unknown> = {}): Logger & { lines: Line[] } {
  const write = (level: Line['level']) => (fields: object, message: string) =>
    void lines.push({ level, fields: { ...own, ...fields }, message });
  return {
    lines,
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: fields => recorder(lines, { ...own, ...fields }),
  };
}
