import { printed } from './printed.ts';

/** For a table: a text may go on with what a program printed last. */
export function firstLine(text: string): string {
  const [first = '', ...others] = text.trimEnd().split('\n');
  return others.length > 0 ? `${first} …` : first;
}

/** Every line, what is behind the first one set off; control characters are shown, not sent to the terminal. */
export function allLines(text: string): string {
  const lines = text.trimEnd().split('\n').map(printed);
  return lines.map((line, at) => (at === 0 ? line : `    ${line}`)).join('\n');
}
