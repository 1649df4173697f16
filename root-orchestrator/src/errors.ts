/** Every error that the root answers with. `code` is the stable word, `http` the status of the answer. */
import { defineErrors } from '@hedgerow/common';

const refused = (http: number) => ({ http, retryable: false });
const later = (http: number) => ({ http, retryable: true });

export const ERRORS = defineErrors({
  BODY_MISSING: refused(400),
  BODY_NOT_JSON: refused(400),
  REQUEST_INVALID: refused(400),
  BODY_TOO_LARGE: refused(413),
  HEADERS_TOO_LARGE: refused(431),
  REQUEST_TIMEOUT: later(408),
  BODY_UNSUPPORTED: refused(415),
  BODY_INVALID: refused(422),
  QUERY_INVALID: refused(422),
  INSTANCE_NUMBER_INVALID: refused(422),
  PATH_UNKNOWN: refused(404),
  REPLACED: refused(410),
  METHOD_NOT_ALLOWED: refused(405),

  LOGIN_FAILED: refused(401),
  TOKEN_MISSING: refused(401),
  TOKEN_INVALID: refused(401),
  TOKEN_EXPIRED: refused(401),
  FORBIDDEN: refused(403),
  PRIVILEGE_REFUSED: refused(403),
  TOO_MANY_LOGINS: later(429),
  TOO_MANY_STREAMS: later(429),
  LOGIN_DELAYED: later(429),
  PASSWORD_WRONG: refused(400),
  RESET_INVALID: refused(400),

  SLA_INVALID: refused(422),
  APPLICATION_EXISTS: refused(409),
  SERVICE_EXISTS: refused(409),
  ROLLOUT_RUNNING: later(409),
  CLUSTER_IN_USE: later(409),
  INSTANCE_NOT_PLACED: later(409),
  USER_EXISTS: refused(409),
  USER_IN_USE: refused(409),
  ORGANIZATION_EXISTS: refused(409),
  ORGANIZATION_IN_USE: refused(409),
  ROOT_ORGANIZATION: refused(409),
  LAST_ADMIN: refused(409),
  APPLICATION_UNKNOWN: refused(404),
  SERVICE_UNKNOWN: refused(404),
  INSTANCE_UNKNOWN: refused(404),
  CLUSTER_UNKNOWN: refused(404),
  USER_UNKNOWN: refused(404),
  ORGANIZATION_UNKNOWN: refused(404),

  SERVICE_IP_INVALID: refused(422),
  SERVICE_IP_TAKEN: refused(409),
  ADDRESSES_EXHAUSTED: later(507),

  OVERLOADED: later(503),
  CHANGE_UNDONE: later(503),
  CLUSTER_UNREACHABLE: later(503),
  OUTPUT_UNAVAILABLE: later(503),
  NO_LEADER: later(503),
  NOT_LEADING: later(503),

  ADMIN_PASSWORD_NEEDED: refused(500),
  INTERNAL: later(500),
});
