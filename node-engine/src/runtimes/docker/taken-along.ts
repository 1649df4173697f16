import type { ContainerInspectInfo } from 'dockerode';

/**
 * ms around the Engine's start. Going down, it gives its containers up to 15 s (dockerd's `shutdown-timeout`), and is back soon
 * where somebody looks after it; those that outlived a killed one are ended as the next one starts.
 */
const AROUND = 30_000;

type Times = Pick<ContainerInspectInfo['State'], 'StartedAt' | 'FinishedAt'>;

/**
 * Did it end with an earlier run of the Engine, as far as times can tell?
 * @param engineStarted epoch ms; undefined = not known, then it is not taken to have
 */
export function endedWithEngine(
  { StartedAt, FinishedAt }: Times,
  engineStarted: number | undefined,
): boolean {
  if (engineStarted === undefined || Date.parse(StartedAt) >= engineStarted) return false;
  return Math.abs(Date.parse(FinishedAt) - engineStarted) <= AROUND;
}
