/** Every error of the Cluster Manager. `code` is the stable word, `http` the status of the answer. */
import { defineErrors } from '@hedgerow/common';

const refused = (http: number) => ({ http, retryable: false });
const later = (http: number) => ({ http, retryable: true });

export const ERRORS = defineErrors({
  BODY_NOT_JSON: refused(400),
  REQUEST_INVALID: refused(400),
  PAYLOAD_INVALID: refused(400),
  JOIN_TOKEN_MISSING: refused(401),
  JOIN_TOKEN_INVALID: refused(401),
  WORKER_SECRET_WRONG: refused(403),
  WORKER_UNKNOWN: refused(404),
  INSTANCE_UNKNOWN: refused(404),
  PATH_UNKNOWN: refused(404),
  WORKER_BUSY: refused(409),
  BODY_TOO_LARGE: refused(413),
  BODY_INVALID: refused(422),
  INTERNAL: later(500),
  ROOT_UNREACHABLE: later(503),
  SUBNET_REFUSED: later(503),
  BROKER_FAILED: later(503),
  BROKER_SILENT: later(503),
});
