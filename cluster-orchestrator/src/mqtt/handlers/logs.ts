import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../../errors.ts';
import type { Up } from '../dispatch.ts';
import { count, list, parseObject, sentence, string } from '../parse.ts';

/** A line as long as lines get, each character of it escaped. */
const LONGEST = 128 * 1024;

/** Lines of an instance's output. What they say is nobody's business here, nor for any log. */
export function onLogs(up: Up, workerId: string, payload: Buffer): void {
  if (payload.length > LONGEST) {
    throw new HedgerowError(ERRORS.PAYLOAD_INVALID, `${payload.length} bytes; allowed: ${LONGEST}`);
  }
  const fields = parseObject(payload);
  const lines = list(fields, 'lines', LONGEST).map(line => String(line));
  up.logs.chunk(workerId, {
    stream_id: string(fields, 'stream_id'),
    lines,
    lost: count(fields, 'lost'),
    end: fields.end === true,
    error: sentence(fields, 'error'),
  });
}
