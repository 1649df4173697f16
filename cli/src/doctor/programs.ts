import { messageOf } from '@hedgerow/common';
import { exec } from '../system/exec.ts';
import { type Finding, failed, ok } from './finding.ts';

/** The programs that workers call, how each tells its version, and Debian's package. */
const PROGRAMS = [
  { command: 'nft', version: ['--version'], package: 'nftables' },
  { command: 'ip', version: ['-V'], package: 'iproute2' },
  { command: 'conntrack', version: ['--version'], package: 'conntrack' },
  { command: 'nsenter', version: ['--version'], package: 'util-linux' },
] as const;

export async function checkPrograms(): Promise<Finding[]> {
  const programs = PROGRAMS.map(async ({ command, version, package: name }) => {
    try {
      return ok(command, (await exec(command, version)).trim().split('\n')[0] ?? '');
    } catch (error) {
      return failed(command, messageOf(error), `apt-get install ${name}`);
    }
  });
  return Promise.all([...programs, checkBusybox()]);
}

/** It runs inside every container, whatever libraries that has, and holds the program until its network is there. */
async function checkBusybox(path = '/bin/busybox'): Promise<Finding> {
  const mend = 'apt-get install busybox-static';
  try {
    const text = await exec(path, [
      'sh',
      '-c',
      `"${path}" | head -n 1; exec "${path}" grep -c ld-linux "${path}"`,
    ]).catch((error: { code?: number | null; message: string }) => {
      // grep: 1 = no match, so no interpreter: static
      if (error.code === 1) return 'static';
      throw error;
    });
    return text === 'static'
      ? ok('busybox', `${path} is static`)
      : failed('busybox', `${path} needs libraries`, mend);
  } catch (error) {
    return failed('busybox', messageOf(error), mend);
  }
}
