/** One measured number in the form that `--json` writes; `ok` is null when there is no goal to meet. */
export interface Figure {
  bench: string;
  figure: string;
  value: number;
  unit: string;
  /** what the value is compared with, "" when it stands alone */
  against: string;
  goal: number | null;
  better: 'lower' | 'higher';
  ok: boolean | null;
  /** how it was measured: counts, spread, machine */
  method: string;
}

export type Measured = Pick<Figure, 'figure' | 'value' | 'unit' | 'method'> &
  Partial<Pick<Figure, 'against' | 'goal' | 'better'>>;

/** Fills what was left out (lower is better, no goal) and judges the value as it is shown: to three digits. */
export function figureOf(bench: string, measured: Measured): Figure {
  const { against = '', goal = null, better = 'lower' } = measured;
  const value = rounded(measured.value);
  return { bench, ...measured, value, against, goal, better, ok: meets(value, goal, better) };
}

/** @returns null without a goal; a value that is not a number meets none */
export function meets(value: number, goal: number | null, better: Figure['better']): boolean | null {
  if (goal === null) return null;
  return better === 'lower' ? value <= goal : value >= goal;
}

/** Three significant digits, whole numbers above 1000. */
export function rounded(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
}
