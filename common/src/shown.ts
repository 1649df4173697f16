const LONGEST_SHOWN = 100;

/** What was found, short enough for a message; never the value of a field that holds a secret. */
export function shown(path: string, value: unknown): unknown {
  if (/(password|secret|token)$/i.test(path)) return '(hidden)';
  if (value === undefined) return null;
  if (typeof value === 'string' && value.length > LONGEST_SHOWN) return `${value.slice(0, LONGEST_SHOWN)}…`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : value;
}
