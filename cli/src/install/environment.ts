/** The file that systemd reads a service's variables from (`EnvironmentFile=`, systemd.exec(5)). Pure. */
import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';

export type Variables = Readonly<Record<string, string>>;

const HEAD = `# Settings of this service; docs/configuration.md names all. \`hedge install\` changes what it is given and keeps the rest.\n`;

/** @throws USAGE for a value that a line cannot hold */
export function formatEnvironment(variables: Variables): string {
  const lines = Object.entries(variables)
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${quote(name, value)}\n`);
  return HEAD + lines.join('');
}

/** Reads what `formatEnvironment` writes, and plain `NAME=value` lines of people. */
export function parseEnvironment(text: string): Record<string, string> {
  const lines = text.split('\n').map(line => /^\s*([A-Za-z_]\w*)=(.*)$/.exec(line));
  const found = lines
    .filter(match => match !== null)
    .map(([, name = '', value = '']) => [name, unquote(value.trim())]);
  return Object.fromEntries(found);
}

function quote(name: string, value: string): string {
  if (/[\p{Cc}]/u.test(value)) {
    throw new HedgerowError(ERRORS.USAGE, `${name} holds a control character, which its file cannot`);
  }
  return `"${value.replace(/[\\"`$]/g, '\\$&')}"`;
}

function unquote(value: string): string {
  const double = /^"(.*)"$/.exec(value);
  if (double) return (double[1] ?? '').replace(/\\([\\"`$])/g, '$1');
  return /^'(.*)'$/.exec(value)?.[1] ?? value;
}
