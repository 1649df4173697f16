/** What of the kernel's state a change may touch: all the rest is as it was and need not be looked at. */
import { type Directory, ipsOf, type ServiceChanges, workersOf } from './directory.ts';
import type { Attachment, NetState } from './state.ts';

export interface Touched {
  /** service IPs and instance IPs */
  ips: ReadonlySet<string>;
  /** of other workers */
  subnets: ReadonlySet<string>;
  /** keys */
  attachments: ReadonlySet<string>;
}

/** Of the table as it is before `changes` are applied. */
export function touchedBy(
  services: Directory,
  before: NetState,
  after: NetState,
  changes: ServiceChanges,
): Touched {
  const attachments = moved(before.attachments, after.attachments);
  const both = [...changes].flatMap(([jobName, service]) => [service, services.get(jobName)]);
  const changed = both.filter(service => service !== undefined && service !== null);
  return {
    ips: new Set([
      ...changed.flatMap(it => [...ipsOf(it)]),
      ...ipsOfAttached(services, after, before, attachments),
    ]),
    subnets: new Set([...changed.flatMap(it => [...workersOf(it).keys()]), ...services.leftBehind()]),
    attachments,
  };
}

function moved(
  before: ReadonlyMap<string, Attachment>,
  after: ReadonlyMap<string, Attachment>,
): ReadonlySet<string> {
  const keys = [...before.keys(), ...after.keys()];
  return new Set(keys.filter(key => before.get(key) !== after.get(key)));
}

/** An instance here answers while it is attached. */
function ipsOfAttached(
  services: Directory,
  after: NetState,
  before: NetState,
  keys: ReadonlySet<string>,
): string[] {
  return [...keys].flatMap(key => {
    const { serviceName } = after.attachments.get(key) ?? before.attachments.get(key) ?? { serviceName: '' };
    const service = services.get(serviceName);
    return service ? [...ipsOf(service)] : [];
  });
}
