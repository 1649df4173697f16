import type { Handler } from './handler.ts';

/** What the digests of a Hello stood for. */
export const list: Handler<'list'> = async (session, { instances, subnets }, parts) => {
  await parts.subnets.compare(session.clusterId, subnets, parts.log);
  await parts.driver.compare(session, instances);
  parts.driver.roomier();
};
