import { type FieldError, HedgerowError } from '@hedgerow/common';
import type { ApiError } from '@hedgerow/protos';
import type { Answer, Call } from './http.ts';

/** The API's own word, sentence and fields, as one of our errors. */
export function failureOf(call: Call, answer: Answer): HedgerowError {
  const said = (
    typeof answer.body === 'object' && answer.body !== null ? answer.body : {}
  ) as Partial<ApiError>;
  const kind = {
    code: said.error ?? `HTTP_${answer.status}`,
    http: answer.status,
    retryable: answer.status >= 500 || answer.status === 429,
  };
  const message = said.message ?? `${call.method} ${call.path} was answered with ${answer.status}`;
  return new HedgerowError(kind, message, { errors: (said.errors ?? []) as FieldError[] });
}
