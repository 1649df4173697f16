import { defineErrors } from '@hedgerow/common';

/** What can go wrong on a worker; `retryable` = the engine tries again by itself. */
export const ERRORS = defineErrors({
  REGISTRATION_REFUSED: { http: 403, retryable: true },
  REGISTRATION_FAILED: { http: 503, retryable: true },
  BROKER_REFUSED: { http: 403, retryable: true },
  BROKER_AWAY: { http: 503, retryable: true },
  BAD_MESSAGE: { http: 400, retryable: false },
  RUNTIME_AWAY: { http: 503, retryable: true },
  RUNTIME_FAILED: { http: 500, retryable: true },
  IMAGE_UNAVAILABLE: { http: 503, retryable: true },
  IMAGE_WITHOUT_PROGRAM: { http: 422, retryable: true },
  CHECK_IMPOSSIBLE: { http: 422, retryable: true },
  SHIM_UNUSABLE: { http: 500, retryable: false },
  NETWORK_FAILED: { http: 503, retryable: true },
  SUPERSEDED: { http: 409, retryable: false },
});
