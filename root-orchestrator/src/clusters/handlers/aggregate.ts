import { saneAggregate } from '../sane.ts';
import type { Handler } from './handler.ts';

export const aggregate: Handler<'aggregate'> = (session, message, { clusters, driver }) => {
  if (clusters.setAggregate(session.clusterId, saneAggregate(message))) driver.roomier();
};
