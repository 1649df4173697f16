import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../../errors.ts';
import type { Up } from '../dispatch.ts';
import { parseObject, string } from '../parse.ts';

/** A worker asks who answers for a service IP or a job name. */
export function onTableQuery(up: Up, workerId: string, payload: Buffer): void {
  const fields = parseObject(payload);
  const query = { sname: string(fields, 'sname'), sip: string(fields, 'sip') };
  if (query.sname === '' && query.sip === '') {
    throw new HedgerowError(ERRORS.PAYLOAD_INVALID, 'neither sname nor sip is given');
  }
  up.queries.ask(workerId, query);
}
