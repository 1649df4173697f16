/** The table for people. `--json` writes the figures themselves. */
import type { Figure } from './figure.ts';

const HEAD = ['figure', 'value', 'goal', 'ok', 'against'] as const;

/** One block per bench: a table, then how each figure was measured. */
export function formatFigures(figures: readonly Figure[]): string {
  const benches = [...new Set(figures.map(f => f.bench))];
  return benches.map(bench => formatBench(figures.filter(f => f.bench === bench))).join('\n');
}

/** Rows of equal length, columns padded to their widest cell. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map(row => (row[at] ?? '').length)));
  const line = (row: readonly string[]) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ');
  return rows.map(row => `${line(row).trimEnd()}\n`).join('');
}

function formatBench(figures: readonly Figure[]): string {
  const methods = [...new Set(figures.map(f => f.method))];
  const rows = figures.map(f => [
    f.figure,
    `${f.value} ${f.unit}`.trim(),
    formatGoal(f),
    f.ok === null ? '–' : f.ok ? 'ok' : 'MISSED',
    f.against,
  ]);
  const notes = methods.map(method => `  ${method}\n`).join('');
  return `${figures[0]?.bench ?? ''}\n${formatTable([HEAD, ...rows])}${notes}`;
}

function formatGoal(figure: Figure): string {
  if (figure.goal === null) return '–';
  return `${figure.better === 'lower' ? '≤' : '≥'} ${figure.goal}`;
}
