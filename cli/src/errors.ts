import { defineErrors, type ErrorKind, HedgerowError } from '@hedgerow/common';

/** Mistakes that the command line finds by itself. Those of an API keep the word that the API gave them. */
export const ERRORS = defineErrors({
  USAGE: { http: 400, retryable: false },
  FILE_UNREADABLE: { http: 400, retryable: false },
  FILE_UNWRITABLE: { http: 500, retryable: true },
  BACKUP_DAMAGED: { http: 422, retryable: false },
  STORE_IN_USE: { http: 409, retryable: true },
  STORE_NOT_EMPTY: { http: 409, retryable: false },
  NOT_LOGGED_IN: { http: 401, retryable: false },
  NAME_UNKNOWN: { http: 404, retryable: false },
  NAME_AMBIGUOUS: { http: 409, retryable: false },
  OUTPUT_ENDED: { http: 503, retryable: true },
  UNREACHABLE: { http: 503, retryable: true },
  NOT_AN_API: { http: 502, retryable: false },
  START_FAILED: { http: 500, retryable: false },
  TIMEOUT: { http: 504, retryable: true },
  COUNT_CHANGED: { http: 409, retryable: true },
  UPDATE_UNDONE: { http: 500, retryable: false },
  UP_FAILED: { http: 500, retryable: true },
  UP_IMPOSSIBLE: { http: 500, retryable: false },
  INSTALL_IMPOSSIBLE: { http: 400, retryable: false },
  INSTALL_FAILED: { http: 500, retryable: true },
  DOCTOR: { http: 500, retryable: false },
});

/** What `$?` tells a script. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notLoggedIn: 3,
  notFound: 4,
  refused: 5,
  unreachable: 6,
} as const;

/** 401 → 3, 404 → 4, any other refusal of a request → 5; nobody answered → 6. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof HedgerowError)) return EXIT.failed;
  if (isUsage(error.kind)) return EXIT.usage;
  if (error.kind === ERRORS.UNREACHABLE) return EXIT.unreachable;
  return fromStatus(error.kind.http);
}

function isUsage(kind: ErrorKind): boolean {
  return kind === ERRORS.USAGE || kind === ERRORS.FILE_UNREADABLE || kind.code === 'BAD_CONFIG';
}

function fromStatus(http: number): number {
  if (http === 401) return EXIT.notLoggedIn;
  if (http === 404) return EXIT.notFound;
  return http >= 400 && http < 500 ? EXIT.refused : EXIT.failed;
}

/** For people: the sentence, then one line for each field that was refused. */
export function describe(error: unknown): string {
  if (!(error instanceof HedgerowError)) return String((error as Error).stack ?? error);
  const fields = error.errors.map(
    ({ path, found, allowed }) =>
      `  ${path || '(whole body)'}: found ${JSON.stringify(found)}; allowed: ${allowed}`,
  );
  return [error.message, ...fields].join('\n');
}
