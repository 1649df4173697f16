import { messageOf } from '@hedgerow/common';
import { isStatic } from '../../bin/lib/elf.js';
import { exec } from '../system/exec.ts';
import { type Finding, failed, ok } from './finding.ts';

/** The programs that workers call, how each tells its version, and Debian's package. `conntrack` is tried with the kernel. */
const PROGRAMS = [
  { command: 'nft', version: ['--version'], package: 'nftables' },
  { command: 'ip', version: ['-V'], package: 'iproute2' },
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
function checkBusybox(path = '/bin/busybox'): Finding {
  const mend = 'apt-get install busybox-static';
  try {
    return isStatic(path)
      ? ok('busybox', `${path} is static`)
      : failed('busybox', `${path} needs libraries`, mend);
  } catch (error) {
    return failed('busybox', messageOf(error), mend);
  }
}
