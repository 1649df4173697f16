/**
 * What a measured container runs. Its first act is to print its own clock (`$EPOCHREALTIME` of busybox's shell: no
 * other program has to be started, and the clock is the same for every container and for us), then whether its
 * network was there at that moment. Both arms run the very same lines.
 */
const REPORT = `echo "started $EPOCHREALTIME $(cat /proc/net/route | while read i d r; do [ "$d" = 00000000 ] && echo routed; done)"`;

export const SLEEPER = ['/bin/sh', '-c', `${REPORT}; exec sleep 3600`];
export const SERVER = ['/bin/sh', '-c', `${REPORT}; exec httpd -f -p 80 -h /www`];

export interface ProgramStart {
  /** epoch ms with a fraction */
  at: number;
  /** the container had a default route when its program began */
  networkReady: boolean;
}

/** @returns null when the program has not spoken yet */
export function parseStart(output: string): ProgramStart | null {
  const match = /^started (\d+\.\d{6}) ?(routed)?/m.exec(output);
  return match ? { at: Number(match[1]) * 1000, networkReady: match[2] === 'routed' } : null;
}
