import type { BatchLine, Exec } from '../exec/exec.ts';
import type { Wire } from '../table/desired.ts';
import type { Difference } from '../table/difference.ts';
import { containerLines, linkLines, removeLink } from './links.ts';
import { natLines } from './nat.ts';
import { neighbourLine, removeNeighbour, removeRoute, routeLine } from './routes.ts';
import { writeSysctl } from './sysctl.ts';
import { REMOVE_TUNNEL, removeTunnelEnd, tunnelEndLine, tunnelLines } from './tunnel.ts';

/**
 * Makes before it breaks: links and ways first, then the rules that send traffic there in one transaction, at last
 * the removal of what no rule points to any more.
 */
export async function perform(exec: Exec, plan: Difference, subnet: string): Promise<void> {
  await exec.batch('ip', making(plan));
  await Promise.all([
    exec.batch(
      'bridge',
      plan.tunnelEnds.set.map(([mac, end]) => tunnelEndLine(mac, end)),
    ),
    wireContainers(exec, subnet, plan.links.set),
  ]);
  await exec.batch('nft', natLines(plan));
  await exec.batch('ip', breaking(plan));
  await exec.batch(
    'bridge',
    plan.tunnelEnds.gone.map(([mac]) => removeTunnelEnd(mac)),
  );
}

function making(plan: Difference): BatchLine[] {
  return [
    ...plan.links.stale.map(([name]) => removeLink(name)),
    ...(plan.tunnel.remove ? [REMOVE_TUNNEL] : []),
    ...(plan.tunnel.make ? tunnelLines(plan.tunnel.make) : []),
    ...plan.links.set.flatMap(([name, wire]) => linkLines(name, wire)),
    ...plan.routes.set.map(([prefix, way]) => routeLine(prefix, way)),
    ...plan.neighbours.set.map(([key, mac]) => neighbourLine(key, mac)),
  ];
}

function breaking(plan: Difference): BatchLine[] {
  return [
    ...plan.neighbours.gone.map(([key]) => removeNeighbour(key)),
    ...plan.routes.gone.map(([prefix]) => removeRoute(prefix)),
    ...plan.links.gone.map(([name]) => removeLink(name)),
  ];
}

async function wireContainers(
  exec: Exec,
  subnet: string,
  links: readonly (readonly [string, Wire])[],
): Promise<void> {
  for (const [name, wire] of links) {
    await Promise.all([
      exec.batch('ip', containerLines(subnet, wire), wire.pid),
      // Answers of published ports that were asked for on localhost come back through here; goes with the device.
      writeSysctl(`net/ipv4/conf/${name}/route_localnet`, '1'),
    ]);
  }
}
