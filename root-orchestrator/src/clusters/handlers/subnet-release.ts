import type { Handler } from './handler.ts';

export const subnetRelease: Handler<'subnet_release'> = (session, { worker_id }, { subnets }) =>
  subnets.release(session.clusterId, worker_id);
