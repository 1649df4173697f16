/**
 * What a process tells about itself, as tables: name, type, help and labels of every metric stand in one place, which is
 * also what the documentation is made of. Names follow Prometheus: base units, `_total` for what only grows.
 */
export type MetricType = 'counter' | 'gauge' | 'histogram';

export interface MetricRow<T extends MetricType = MetricType, L extends string = string> {
  readonly type: T;
  readonly name: string;
  /** a sentence */
  readonly help: string;
  readonly labels: readonly L[];
  /** upper bounds, of a histogram */
  readonly buckets: readonly number[];
}

export type MetricTable = Readonly<Record<string, MetricRow<MetricType, never> | MetricRow>>;

export function counter<const L extends string = never>(
  name: string,
  help: string,
  labels: readonly L[] = [],
): MetricRow<'counter', L> {
  return { type: 'counter', name, help, labels, buckets: [] };
}

export function gauge<const L extends string = never>(
  name: string,
  help: string,
  labels: readonly L[] = [],
): MetricRow<'gauge', L> {
  return { type: 'gauge', name, help, labels, buckets: [] };
}

export function histogram<const L extends string = never>(
  name: string,
  help: string,
  buckets: readonly number[],
  labels: readonly L[] = [],
): MetricRow<'histogram', L> {
  return { type: 'histogram', name, help, labels, buckets };
}

type LabelArguments<L extends string> = [L] extends [never] ? [] : [labels: Readonly<Record<L, string>>];

export interface Counter<L extends string> {
  /** With 0: the series is there before anything happened, so that a rate can be seen from the first event on. */
  add(value: number, ...labels: LabelArguments<L>): void;
  /** For what somebody else counts. Only within `onScrape`. */
  set(value: number, ...labels: LabelArguments<L>): void;
}

/** Always read out, so that a series ends with what it tells of. */
export interface Gauge<L extends string> {
  /** Only within `onScrape`. */
  set(value: number, ...labels: LabelArguments<L>): void;
}

export interface Histogram<L extends string> {
  observe(value: number, ...labels: LabelArguments<L>): void;
}

type HandleOf<R> =
  R extends MetricRow<'counter', infer L>
    ? Counter<L>
    : R extends MetricRow<'gauge', infer L>
      ? Gauge<L>
      : R extends MetricRow<'histogram', infer L>
        ? Histogram<L>
        : never;

/** One handle for each row of a table. */
export type Handles<T extends MetricTable> = { readonly [K in keyof T]: HandleOf<T[K]> };
