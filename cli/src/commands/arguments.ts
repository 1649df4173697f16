import { InvalidArgumentError } from 'commander';

/** Parser of an argument for commander. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return text => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= min && number <= max) return number;
    throw new InvalidArgumentError(`allowed: a whole number from ${min} to ${max}`);
  };
}

/** Parser of `NAME=value`, any number of times. */
export function variable(text: string, before: readonly string[] = []): string[] {
  if (text.indexOf('=') > 0) return [...before, text];
  throw new InvalidArgumentError('allowed: NAME=value');
}
