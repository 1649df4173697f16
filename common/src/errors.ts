/**
 * One error class. Each workspace has a table of stable codes in its `errors.ts`:
 *
 *     export const ERRORS = defineErrors({ SERVICE_IP_TAKEN: { http: 409, retryable: false }, … });
 *     throw new HedgerowError(ERRORS.SERVICE_IP_TAKEN, `${ip} belongs to another service`);
 */
export interface ErrorKind {
  readonly code: string;
  /** HTTP status when the error reaches an API */
  readonly http: number;
  /** true when the same call may succeed later */
  readonly retryable: boolean;
}

/** One field of a request that was refused; `path` is dotted: `applications.0.microservices.1.port`. */
export interface FieldError {
  path: string;
  found: unknown;
  allowed: string;
}

/** The first of them, and how many there are. @param errors at least one */
export function sentenceOf(errors: readonly FieldError[]): string {
  const [{ path, found, allowed }] = errors as [FieldError];
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return `${path || 'the body'}: found ${found === null ? 'nothing' : JSON.stringify(found)}, allowed: ${allowed}${more}`;
}

export class HedgerowError extends Error {
  readonly kind: ErrorKind;
  readonly errors: readonly FieldError[];
  /** seconds after which the same call may succeed, where that is known */
  readonly retryAfter: number | null;

  constructor(
    kind: ErrorKind,
    message: string,
    options: { cause?: unknown; errors?: FieldError[]; retryAfter?: number } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'HedgerowError';
    this.kind = kind;
    this.errors = options.errors ?? [];
    this.retryAfter = options.retryAfter ?? null;
  }

  get code(): string {
    return this.kind.code;
  }
}

type Row = Omit<ErrorKind, 'code'>;

/** Gives every row its own key as `code`. */
export function defineErrors<T extends Record<string, Row>>(rows: T): { readonly [K in keyof T]: ErrorKind } {
  const kinds = Object.entries(rows).map(([code, row]) => [code, { code, ...row }]);
  return Object.fromEntries(kinds) as { [K in keyof T]: ErrorKind };
}

export function isErrorOf(error: unknown, kind: ErrorKind): error is HedgerowError {
  return error instanceof HedgerowError && error.kind.code === kind.code;
}

/**
 * One line for a log or a person, whatever was thrown. Node's connection errors are AggregateErrors without a message
 * of their own, so their parts speak for them.
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message) return error.message;
  return error instanceof AggregateError ? error.errors.map(messageOf).join('; ') : error.name;
}
