import { OVERLAY_PREFIX } from '@hedgerow/protos';
import { prefixOf } from './names.ts';

/**
 * A bit of the mark of packets that containers send into the overlay's range, answers excepted. Without it the kernel
 * would ask these rules, too, where packets from there may come in from (`rp_filter`), and where answers go.
 */
export const OUTBOUND = '0x40';
/** Of the first rule; before the kernel's own (32766), after most that people write for one purpose. */
const PRIORITY = 7247;

/**
 * What a container sends into the overlay's range goes where a route of this machine leads that is narrower than the
 * range: to a link, to a worker, or to a network of the machine; else nowhere, and never to the default gateway. In
 * the words of `ip rule`. The machine's own packets go wherever its routes say.
 */
export function policiesOf(subnet: string): string[] {
  const selector = `from ${prefixOf(subnet)} to ${OVERLAY_PREFIX} fwmark ${OUTBOUND}/${OUTBOUND}`;
  return [
    `priority ${PRIORITY} ${selector} lookup main suppress_prefixlength ${OVERLAY_PREFIX.split('/')[1]}`,
    `priority ${PRIORITY + 1} ${selector} unreachable`,
  ];
}
