import { type Finding, failed, ok } from './finding.ts';
import { checkForwarding } from './firewall.ts';
import { checkKernel } from './kernel.ts';
import { checkCgroups, checkClock, checkDocker, checkEntropy } from './machine.ts';
import { checkPort, PORTS } from './ports.ts';
import { checkPrograms } from './programs.ts';

/** Looks at everything that a machine of the fleet needs, in the order in which one would mend it. */
export async function examine(now: number): Promise<Finding[]> {
  if (process.platform !== 'linux') {
    return [failed('Linux', process.platform, 'workers need Linux; root and cluster run here')];
  }
  const rights =
    process.getuid?.() === 0
      ? ok('rights', 'root')
      : failed('rights', 'not root', 'workers need root: sudo hedge doctor; root and cluster do not');
  return [
    rights,
    ...(await checkPrograms()),
    ...(await checkKernel()),
    checkCgroups(),
    await checkDocker(),
    await checkForwarding(),
    ...(await Promise.all(PORTS.map(checkPort))),
    await checkClock(now),
    checkEntropy(),
  ];
}
