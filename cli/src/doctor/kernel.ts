import { messageOf } from '@hedgerow/common';
import { exec } from '../system/exec.ts';
import { type Finding, failed, ok } from './finding.ts';

/** Service IPs need exactly this: a map from address and a random number to an address. */
const NFT_MAP = `table ip hedgerow_doctor {
  map endpoints {
    typeof ip daddr . numgen random mod 2 : ip daddr
    elements = { 10.30.0.1 . 0 : 10.18.0.2 }
  }
  chain out {
    type nat hook output priority -100
    dnat to ip daddr . numgen random mod 2 map @endpoints
  }
}
`;

/** Tries the kernel's features in a network namespace that is made and removed for it. */
export async function checkKernel(): Promise<Finding[]> {
  const namespace = `hedge-doctor-${process.pid}`;
  try {
    await exec('ip', ['netns', 'add', namespace]);
  } catch (error) {
    return [failed('network namespaces', messageOf(error), 'run as root, on a kernel with CONFIG_NET_NS')];
  }
  try {
    return await tryFeatures(namespace);
  } finally {
    await exec('ip', ['netns', 'del', namespace]);
  }
}

async function tryFeatures(namespace: string): Promise<Finding[]> {
  const ip = (line: string) => exec('ip', ['-n', namespace, ...line.split(' ')]);
  const nft = () => exec('nsenter', [`--net=/run/netns/${namespace}`, '--', 'nft', '-f', '-'], NFT_MAP);
  return [
    ok('network namespaces', 'can be made'),
    await feature('veth', () => ip('link add v0 type veth peer name v1'), 'modprobe veth'),
    await feature(
      'vxlan',
      () => ip('link add x0 type vxlan id 1 dstport 50103 nolearning'),
      'modprobe vxlan',
    ),
    await feature(
      'nftables maps with numgen',
      nft,
      'modprobe nft_chain_nat nft_numgen; nft 1.0 and Linux 5.6 or newer',
    ),
  ];
}

async function feature(name: string, attempt: () => Promise<string>, mend: string): Promise<Finding> {
  try {
    await attempt();
    return ok(name, 'works');
  } catch (error) {
    return failed(name, messageOf(error), mend);
  }
}
