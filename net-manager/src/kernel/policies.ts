import type { BatchLine } from '../exec/exec.ts';
import { ROUTE_PROTOCOL } from '../table/names.ts';
import type { PolicyRow } from './listings.ts';

export function policyLine(policy: string): BatchLine {
  return `rule add ${policy} protocol ${ROUTE_PROTOCOL}`;
}

export function removePolicy(policy: string): BatchLine {
  return { unlessGone: `rule del ${policy} protocol ${ROUTE_PROTOCOL}` };
}

/** iproute2 lists those of all protocols, whatever it is asked for. */
export function foundPolicies(rows: readonly PolicyRow[]): Map<string, string> {
  const ours = rows.filter(({ protocol }) => protocol === String(ROUTE_PROTOCOL));
  return new Map(ours.map(row => [textOf(row), '']));
}

function textOf(row: PolicyRow): string {
  const from = row.srclen === undefined ? row.src : `${row.src}/${row.srclen}`;
  const to = row.dst === undefined ? '' : ` to ${row.dst}${row.dstlen === undefined ? '' : `/${row.dstlen}`}`;
  const mark = row.fwmark === undefined ? '' : ` fwmark ${row.fwmark}${row.fwmask ? `/${row.fwmask}` : ''}`;
  const suppressed =
    row.suppress_prefixlen === undefined ? '' : ` suppress_prefixlength ${row.suppress_prefixlen}`;
  const way = row.table === undefined ? row.action : `lookup ${row.table}${suppressed}`;
  return `priority ${row.priority} from ${from}${to}${mark} ${way}`;
}
