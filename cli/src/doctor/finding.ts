/** One thing that was looked at. `mend` says what to type; empty when nothing is to be done. */
export interface Finding {
  check: string;
  state: 'ok' | 'warning' | 'failed';
  found: string;
  mend: string;
}

export function ok(check: string, found: string): Finding {
  return { check, state: 'ok', found, mend: '' };
}

export function warning(check: string, found: string, mend: string): Finding {
  return { check, state: 'warning', found, mend };
}

export function failed(check: string, found: string, mend: string): Finding {
  return { check, state: 'failed', found, mend };
}
