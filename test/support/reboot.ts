import { exec } from '@hedgerow/cli';
import { runningCopies } from './copies.ts';
import { eventually } from './eventually.ts';
import type { TestFleet } from './fleet.ts';
import { execInNamespace } from './netns.ts';

/**
 * A worker's machine loses its power: its process and its programs end, its kernel forgets all that it was told. It starts
 * with its link down.
 * @returns resolves when its process is ready, which takes the link
 */
export async function reboot(fleet: TestFleet, name: string): Promise<{ ready: Promise<unknown> }> {
  const { namespace } = fleet.worker(name);
  await fleet.stopWorker(name, 0);
  const running = async () => (await runningCopies(fleet)).filter(({ worker }) => worker === name);
  for (const { pid } of await running()) process.kill(pid, 'SIGKILL');
  await eventually('its programs have ended', running, left => left.length === 0);
  await fleet.link(name, 'down');
  await execInNamespace(namespace, 'nft', 'flush', 'ruleset');
  const links = JSON.parse(await exec('ip', ['-j', '-n', namespace, 'link', 'show'])) as { ifname: string }[];
  const made = links.map(({ ifname }) => ifname).filter(link => link !== 'lo' && link !== 'eth0');
  for (const link of made) await deleteLink(namespace, link);
  await execInNamespace(namespace, 'conntrack', '-F');
  return { ready: fleet.startWorker(name) };
}

/** The other end of a pair has gone with the first. */
async function deleteLink(namespace: string, link: string): Promise<void> {
  const present = () => exec('ip', ['-n', namespace, 'link', 'show', link]);
  await exec('ip', ['-n', namespace, 'link', 'delete', link]).catch(async (error: unknown) => {
    if (
      await present().then(
        () => true,
        () => false,
      )
    )
      throw error;
  });
}
