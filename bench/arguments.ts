/** `bench NAME… [--json FILE] [--rounds N] [--logs DIR] [--list]` */
import { parseArgs } from 'node:util';

export interface Arguments {
  /** what to run, in the order given; every bench when none is named */
  names: string[];
  json: string | null;
  rounds: number | null;
  /** folder for the logs of what a bench starts; gone with the bench when left out */
  logs: string | null;
  list: boolean;
  help: boolean;
}

export const USAGE = `usage: npm run bench -- [NAME…] [--json FILE] [--rounds N] [--logs DIR] [--list]

  NAME       what to measure, in this order; everything when left out
  --json     write the figures to FILE as well
  --rounds   repeat N times instead of the usual count: a quick look, not a result
  --logs     keep the logs of root, cluster and workers in DIR
  --list     say what there is

example: npm run bench -- deploy idle --json figures.json
`;

/** @throws naming what is wrong */
export function readArguments(argv: readonly string[], known: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      rounds: { type: 'string' },
      logs: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const unknown = positionals.find(name => !known.includes(name));
  if (unknown !== undefined) throw new Error(`no bench is called ${unknown}; there are: ${known.join(', ')}`);
  return {
    names: positionals.length > 0 ? [...new Set(positionals)] : [...known],
    json: values.json ?? null,
    rounds: values.rounds === undefined ? null : readRounds(values.rounds),
    logs: values.logs ?? null,
    list: values.list,
    help: values.help,
  };
}

function readRounds(text: string): number {
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= 1000) return rounds;
  throw new Error(`--rounds is ${text}; allowed: a whole number from 1 to 1000`);
}
