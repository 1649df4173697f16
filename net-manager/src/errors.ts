import { defineErrors, type FieldError, HedgerowError, shown } from '@hedgerow/common';

export const ERRORS = defineErrors({
  BAD_REQUEST: { http: 400, retryable: false },
  UNKNOWN_PATH: { http: 404, retryable: false },
  BODY_TOO_LARGE: { http: 413, retryable: false },
  TOO_BUSY: { http: 503, retryable: true },
  NOT_REGISTERED: { http: 409, retryable: true },
  PORT_TAKEN: { http: 409, retryable: false },
  NO_ADDRESS_LEFT: { http: 409, retryable: true },
  NO_SUCH_PROCESS: { http: 422, retryable: false },
  KERNEL_REFUSED: { http: 500, retryable: true },
  TOOL_MISSING: { http: 500, retryable: false },
  INTERNAL: { http: 500, retryable: true },
});

/** One refused field as an error of its own. */
export function badField(path: string, found: unknown, allowed: string): HedgerowError {
  return badRequest([{ path, found, allowed }]);
}

/** What was found may be megabytes: it is shortened. */
export function badRequest(refused: FieldError[]): HedgerowError {
  const errors = refused.map(e => ({
    ...e,
    found: e.found === undefined ? undefined : shown(e.path, e.found),
  }));
  const sentence = errors.map(
    e => `${e.path} is ${JSON.stringify(e.found) ?? 'missing'}; allowed: ${e.allowed}`,
  );
  return new HedgerowError(ERRORS.BAD_REQUEST, sentence.join('. '), { errors });
}
