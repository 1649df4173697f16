import { type InstanceReport, isStatus } from '@hedgerow/protos';
import type { Handler } from './handler.ts';

/** One report that makes no sense does not keep the others from being heard. */
export const reports: Handler<'reports'> = async (session, message, { driver, log }) => {
  const known = message.reports.filter(report => isStatus(report.status));
  for (const report of message.reports) {
    if (!isStatus(report.status))
      log.warn({ cluster: session.name, ...naming(report) }, 'report of an unknown status');
  }
  await driver.reports(session, known);
};

function naming({ service_id, instance_number, status }: InstanceReport): object {
  return { service_id, instance_number, status };
}
