import { messageOf } from '@hedgerow/common';
import { exec } from '../system/exec.ts';
import { type Finding, ok, warning } from './finding.ts';

/** What the packet filter does with forwarded packets; whether the kernel forwards at all is `forwarding`. */
const CHECK = 'firewall';

/** Reads the packet filter of this network namespace; changes nothing. */
export async function checkForwarding(): Promise<Finding> {
  try {
    return judgeRuleset(await exec('nft', ['list', 'ruleset']));
  } catch (error) {
    return warning(CHECK, messageOf(error), 'apt-get install nftables; run as root');
  }
}

/** Docker sets FORWARD to DROP when it turns forwarding on; what is ours is then accepted in DOCKER-USER. */
export function judgeRuleset(ruleset: string): Finding {
  const dropped = /hook forward[^}]*?policy drop/.test(ruleset);
  if (!dropped) return ok(CHECK, 'not dropped by policy');
  if (/chain DOCKER-USER/.test(ruleset)) {
    return ok(CHECK, 'dropped by policy; a worker accepts its own in DOCKER-USER');
  }
  return warning(
    CHECK,
    'dropped by policy, and there is no DOCKER-USER chain for a worker to accept its own in',
    'accept 10.16.0.0/12 in the chain that drops: nft insert rule ip filter FORWARD ip saddr 10.16.0.0/12 accept; the same for daddr',
  );
}
