import type { InstanceReport } from '@hedgerow/protos';
import { withOwnAddresses } from '../addresses.ts';
import { saneReports } from '../sane.ts';
import type { Session } from '../session.ts';
import type { Handler, HandlerParts } from './handler.ts';

/** One report that makes no sense does not keep the others from being heard. */
export const reports: Handler<'reports'> = async (session, message, parts) => {
  const reports = sensible(session, message.reports, parts);
  await parts.driver.reports(session, withOwnAddresses(session, reports, parts));
};

/** Without what makes no sense, of which one line is logged. */
export function sensible(
  session: Session,
  told: readonly InstanceReport[],
  { log }: Pick<HandlerParts, 'log'>,
): InstanceReport[] {
  const { reports, refused } = saneReports(told);
  if (refused.count > 0 && session.isNews([...refused.why.keys()].join())) {
    const examples = Object.fromEntries(refused.why);
    log.warn({ cluster: session.name, count: refused.count, examples }, 'reports that make no sense');
  }
  return reports;
}
