/** Measures and reports. Exit code 1: something could not be measured; a missed goal is a result like any other. */
import { writeFile } from 'node:fs/promises';
import { Lifecycle, messageOf } from '@hedgerow/common';
import { api } from './api.ts';
import { type Arguments, readArguments, USAGE } from './arguments.ts';
import { autonomy } from './autonomy.ts';
import { burst } from './burst.ts';
import { deploy } from './deploy.ts';
import { footprint } from './footprint.ts';
import { idle } from './idle.ts';
import { metered } from './metered.ts';
import { overlay } from './overlay.ts';
import { recovery } from './recovery.ts';
import { steady } from './steady.ts';
import type { Bench } from './support/bench.ts';
import { type Figure, figureOf } from './support/figure.ts';
import { describeMachine, readMachine } from './support/machine.ts';
import { formatFigures, formatTable } from './support/report.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const BENCHES: readonly Bench[] = [
  deploy,
  burst,
  overlay,
  footprint,
  idle,
  api,
  recovery,
  autonomy,
  steady,
  metered,
];

interface Outcome {
  figures: Figure[];
  failed: boolean;
}

async function measureOne(bench: Bench, args: Arguments, machine: string): Promise<Outcome> {
  const life = new Lifecycle();
  const endOnSignal = (): void => void life.stop().finally(() => process.exit(130));
  for (const signal of SIGNALS) process.once(signal, endOnSignal);
  const say = (line: string): void => void process.stderr.write(`${bench.name}: ${line}\n`);
  const rounds = (usual: number): number => args.rounds ?? usual;
  try {
    const measured = await bench.measure({ life, say, rounds, logs: args.logs });
    return { figures: measured.map(m => figureOf(bench.name, withMachine(m, machine))), failed: false };
  } catch (error) {
    say(`could not be measured: ${messageOf(error)}`);
    return { figures: [], failed: true };
  } finally {
    await life.stop().catch((error: unknown) => say(messageOf(error)));
    for (const signal of SIGNALS) process.off(signal, endOnSignal);
  }
}

function withMachine<M extends { method: string }>(measured: M, machine: string): M {
  return { ...measured, method: `${measured.method}; ${machine}` };
}

async function measureAll(args: Arguments): Promise<number> {
  const machine = describeMachine(await readMachine());
  process.stdout.write(`${machine}\n\n`);
  const figures: Figure[] = [];
  let failed = false;
  for (const name of args.names) {
    const bench = BENCHES.find(b => b.name === name) as Bench;
    const outcome = await measureOne(bench, args, machine);
    figures.push(...outcome.figures);
    failed ||= outcome.failed;
    process.stdout.write(`${formatFigures(outcome.figures)}\n`);
    if (args.json !== null) await writeFile(args.json, `${JSON.stringify(figures, null, 2)}\n`);
  }
  return failed ? 1 : 0;
}

async function main(argv: readonly string[]): Promise<number> {
  const args = readArguments(
    argv,
    BENCHES.map(bench => bench.name),
  );
  if (args.help) process.stdout.write(USAGE);
  else if (args.list) process.stdout.write(formatTable(BENCHES.map(b => [b.name, b.about])));
  else return measureAll(args);
  return 0;
}

// a reader that has gone (`| head`) must not end us before what was started has ended
process.stdout.on('error', () => {});
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n${USAGE}`);
  process.exitCode = 1;
}
