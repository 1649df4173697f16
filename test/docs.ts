/**
 * The parts of the documentation that are tables of the code, rendered from it. `docs.test.ts` compares; to write
 * them anew: `node scripts/with-node.mjs test/docs.ts --write`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { ErrorKind, Setting } from '@hedgerow/common';
import {
  HTTP_METRICS,
  LINK_METRICS,
  LOOP_METRICS,
  type MetricTable,
  MQTT_METRICS,
  PROCESS_METRICS,
  STORE_METRICS,
} from '@hedgerow/common/metrics';
import { ROLES as ROLE_NAMES, STATUSES, type Status } from '@hedgerow/protos';

export const repository = join(import.meta.dirname, '..');

const BEGIN = '<!-- begin: written by test/docs.ts -->';
const END = '<!-- end -->';

/** Page → what stands between its two marks. */
export async function renderAll(): Promise<Record<string, string>> {
  return {
    'docs/states.md': renderStates(),
    'docs/configuration.md': await renderSettings(),
    'docs/roles.md': await renderRoles(),
    'docs/metrics.md': await renderMetrics(),
  };
}

/** @throws when the page has no marks */
export function sectionOf(page: string): string {
  const [, rest = ''] = readPage(page).split(BEGIN);
  const [section, after] = rest.split(END);
  if (section === undefined || after === undefined) throw new Error(`${page} lacks its marks`);
  return section.trim();
}

export function readPage(page: string): string {
  return readFileSync(join(repository, page), 'utf8');
}

/** Cells of every row of the page's tables; inline code without its quotes. */
export function rowsOf(text: string): string[][] {
  const rows = text.split('\n').filter(line => line.startsWith('|') && !/^\|[ :|-]+\|$/.test(line));
  return rows.map(row =>
    row
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim().replaceAll('`', '')),
  );
}

/** The error tables that a workspace exports from one of its files, by code. */
export async function errorsOf(file: string): Promise<Record<string, ErrorKind>> {
  const module = (await import(join(repository, file))) as Record<string, unknown>;
  const tables = Object.values(module).filter(isObject);
  return Object.fromEntries(
    tables.flatMap(table => Object.entries(table).filter(([, row]) => isErrorKind(row))),
  ) as Record<string, ErrorKind>;
}

/** Who may do what; an operation with no reach at all is a dash. */
async function renderRoles(): Promise<string> {
  const { OPERATIONS } = (await import(join(repository, 'root-orchestrator/src/auth/matrix.ts'))) as {
    OPERATIONS: Record<string, Record<string, string>>;
  };
  const who = ['anybody', ...ROLE_NAMES];
  const rows = Object.entries(OPERATIONS).map(([operation, row]) => [
    code(operation),
    ...who.map(role => (row[role] === 'none' ? '–' : (row[role] ?? ''))),
  ]);
  return table(['operation', 'anybody logged in', ...ROLE_NAMES.map(code)], rows);
}

function renderStates(): string {
  const rows = (Object.keys(STATUSES) as Status[]).map(status => {
    const { writers, next, deadline, actor, onDeadline, final } = STATUSES[status];
    const after = deadline === null ? (final ? 'final' : 'may stay') : `${deadline / 1000} s`;
    const words = next.map(word => `\`${word}\``).join(', ');
    return [`\`${status}\``, writers.join(', '), after, actor ?? '', onDeadline ?? '', words];
  });
  return table(['state', 'written by', 'deadline', 'then acts', 'and does', 'may become'], rows);
}

const ROLES = {
  'System Manager (root)': 'root-orchestrator/src/config.ts',
  'Cluster Manager (cluster)': 'cluster-orchestrator/src/config.ts',
  'Node Engine (worker)': 'node-engine/src/config.ts',
  'Net Manager (worker)': 'net-manager/src/config.ts',
} as const;

async function renderSettings(): Promise<string> {
  const sections = await Promise.all(
    Object.entries(ROLES).map(async ([role, file]) => {
      const settings = await settingsOf(file);
      return `## ${role}\n\n${table(['flag', 'variable', 'default', 'meaning'], settings.map(settingRow))}`;
    }),
  );
  return sections.join('\n\n');
}

/** A file may export several tables, one of them with everything. */
async function settingsOf(file: string): Promise<Setting<unknown>[]> {
  const module = (await import(join(repository, file))) as Record<string, unknown>;
  const tables = Object.values(module)
    .filter(isObject)
    .map(value => Object.values(value).filter(isSetting));
  return tables.reduce((most, next) => (next.length > most.length ? next : most), []);
}

const METRICS_OF = {
  'The root': 'root-orchestrator',
  'A cluster': 'cluster-orchestrator',
  'A worker’s Node Engine': 'node-engine',
  'A worker’s Net Manager': 'net-manager',
} as const;

const SHARED_METRICS: Readonly<Record<string, MetricTable>> = {
  'Requests over HTTP: root, cluster': HTTP_METRICS,
  'The stream between root and cluster: both': LINK_METRICS,
  'Messages over the broker: cluster, Node Engine': MQTT_METRICS,
  'The store: root, cluster, Node Engine': STORE_METRICS,
  'Loops that compare and mend: root, Net Manager': LOOP_METRICS,
  'The process: all': PROCESS_METRICS,
};

/** Title → the metrics of a section of the page. */
export async function metricSections(): Promise<Record<string, MetricTable>> {
  const own = Object.entries(METRICS_OF).map(async ([title, workspace]) => {
    const module = await import(join(repository, workspace, 'src/metrics/table.ts'));
    return [title, Object.values(module as object).find(isObject) as MetricTable] as const;
  });
  return { ...Object.fromEntries(await Promise.all(own)), ...SHARED_METRICS };
}

async function renderMetrics(): Promise<string> {
  const sections = Object.entries(await metricSections()).map(([title, metrics]) => {
    const rows = Object.values(metrics).map(({ name, type, labels, help }) => [
      `\`${name}\``,
      type,
      labels.map(label => `\`${label}\``).join(', '),
      help,
    ]);
    return `## ${title}\n\n${table(['metric', 'type', 'labels', 'meaning'], rows)}`;
  });
  return sections.join('\n\n');
}

function settingRow(setting: Setting<unknown>): string[] {
  const flag = `${setting.short ? `\`-${setting.short}\`, ` : ''}\`--${setting.flag}\``;
  const value = setting.default === hostname() ? 'the machine’s host name' : code(String(setting.default));
  return [flag, code(setting.env ?? ''), value, setting.help];
}

function code(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}

/** Columns as wide as their widest cell, as the formatter leaves them. */
function table(head: string[], rows: string[][]): string {
  const widths = head.map((_, at) => Math.max(3, ...[head, ...rows].map(cells => cells[at]?.length ?? 0)));
  const line = (cells: string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [head, widths.map(width => '-'.repeat(width)), ...rows].map(line).join('\n');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isSetting(value: unknown): value is Setting<unknown> {
  return isObject(value) && typeof value.flag === 'string' && typeof value.parse === 'function';
}

function isErrorKind(value: unknown): value is ErrorKind {
  return isObject(value) && typeof value.code === 'string' && typeof value.http === 'number';
}

if (import.meta.main && process.argv[2] === '--write')
  for (const [page, section] of Object.entries(await renderAll())) {
    const [before] = readPage(page).split(BEGIN);
    const [, after] = readPage(page).split(END);
    writeFileSync(join(repository, page), `${before}${BEGIN}\n\n${section}\n\n${END}${after}`);
  }
