import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { messageOf } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Handles, MetricRow, MetricTable } from './table.ts';

type Labels = Readonly<Record<string, string>>;
type Metric = Counter | Gauge | Histogram;

/**
 * The metrics of one process, made by its composition root and handed to the parts. What exists anyway is not counted a
 * second time but read when somebody asks (`onScrape`): the values of the last time are gone then, so a series ends with
 * what it tells of.
 */
export class MetricRegistry {
  readonly #log: Logger;
  readonly #registry = new Registry();
  readonly #handles = new Map<string, object>();
  readonly #readers = new Set<() => void>();
  /** those that readers set */
  readonly #read = new Set<Metric>();
  #page: Promise<string> | null = null;

  constructor(log: Logger) {
    this.#log = log;
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Parts that open the same table share its metrics. */
  open<T extends MetricTable>(table: T): Handles<T> {
    const handles = Object.entries(table).map(([key, row]) => [key, this.#handle(row)]);
    return Object.fromEntries(handles) as Handles<T>;
  }

  /** @param reader sets gauges, and counters that others count. @returns ends it */
  onScrape(reader: () => void): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }

  /** Goes with every series from now on. */
  label(labels: Labels): void {
    this.#registry.setDefaultLabels(labels);
  }

  /** In the text format of Prometheus. Those who ask at the same time get the same page. */
  text(): Promise<string> {
    this.#page ??= this.#write().finally(() => {
      this.#page = null;
    });
    return this.#page;
  }

  #write(): Promise<string> {
    for (const metric of this.#read) metric.reset();
    for (const reader of this.#readers) this.#run(reader);
    return this.#registry.metrics();
  }

  /** What one part cannot read is no reason to show nothing of the others. */
  #run(reader: () => void): void {
    try {
      reader();
    } catch (error) {
      this.#log.warn({ error: messageOf(error) }, 'some metrics could not be read');
    }
  }

  #handle(row: MetricRow): object {
    const known = this.#handles.get(row.name);
    const handle = known ?? this.#make(row);
    this.#handles.set(row.name, handle);
    return handle;
  }

  #make({ type, name, help, labels: labelNames, buckets }: MetricRow): object {
    const shared = { name, help, labelNames: [...labelNames], registers: [this.#registry] };
    if (type === 'histogram') {
      const metric = new Histogram({ ...shared, buckets: [...buckets] });
      return { observe: (value: number, labels: Labels = {}) => metric.observe(labels, value) };
    }
    if (type === 'gauge') {
      const metric = new Gauge(shared);
      return { set: this.#reading(metric, (value, labels) => metric.set(labels, value)) };
    }
    const metric = new Counter(shared);
    const add = (value: number, labels: Labels = {}) => metric.inc(labels, value);
    return { add, set: this.#reading(metric, add) };
  }

  #reading(metric: Metric, set: (value: number, labels: Labels) => void) {
    return (value: number, labels: Labels = {}): void => {
      this.#read.add(metric);
      set(value, labels);
    };
  }
}
