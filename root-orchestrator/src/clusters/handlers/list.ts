import { saneHolds } from '../sane.ts';
import type { Handler } from './handler.ts';
import { sensible } from './reports.ts';

/** What the digests of a Hello stood for. */
export const list: Handler<'list'> = async (session, { instances, subnets }, parts) => {
  await parts.subnets.compare(session.clusterId, saneHolds(subnets), parts.log);
  await parts.driver.compare(session, sensible(session, instances, parts));
  parts.driver.roomier();
};
