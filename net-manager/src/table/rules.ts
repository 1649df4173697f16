/** The nftables rules, which depend on the worker's subnet only; all that changes with services are elements. */
import { OVERLAY_PREFIX, SERVICE_PREFIX, workerPrefix } from '@hedgerow/protos';
import { gatewayOf, NFT_TABLE, TUNNEL } from './names.ts';
import { BEHIND, NETWORKS } from './networks.ts';

/** Services of up to so many instances are served by the rules of a fresh table. */
const SMALLEST_SIZE = 16;

/** Powers of two, so that a growing service makes the rules grow rarely. */
export function sizeFor(replicas: number): number {
  return Math.max(SMALLEST_SIZE, 2 ** Math.ceil(Math.log2(Math.max(1, replicas))));
}

/**
 * One map per number of instances of a service, so that a look-up costs the same with ten thousand services as with one.
 * `numgen random`: `numgen inc` is one counter for all services of a size, and callers that alternate between two
 * services would always meet the same instances.
 * @param size most instances of one service
 * @param port of the tunnel, UDP
 */
export function ruleset(subnet: string, size: number, port: number): string[] {
  const counts = Array.from({ length: size }, (_, index) => index + 1);
  return [
    `table ip ${NFT_TABLE} {`,
    ...counts.map(endpointMap),
    'map ports { type inet_proto . inet_service : ipv4_addr . inet_service; }',
    'set self { type ipv4_addr . ipv4_addr; }',
    `set ${NETWORKS} { type ipv4_addr; flags interval; }`,
    `set ${BEHIND} { type ipv4_addr; flags interval; }`,
    ...ASTRAY,
    ...chain('services', [...counts.map(balance), 'goto astray']),
    ...chain('published', ['dnat ip to meta l4proto . th dport map @ports']),
    ...translation(subnet),
    ...chain('postrouting', sources(subnet)),
    ...chain('guard', [
      'type filter hook prerouting priority raw; policy accept;',
      untracked(port),
      // Links route to 127.0.0.0/8 for published ports on localhost; containers may not use that.
      `ip daddr 127.0.0.0/8 iifname "hv*" drop`,
    ]),
    ...chain('tunnel', ['type filter hook output priority raw; policy accept;', untracked(port)]),
    ...refusals(workerPrefix(subnet)),
    '}',
  ];
}

/** What the tunnel carries is tracked; its envelopes need not be (measured: 0.84 to 0.93 of VXLAN and veth alone). */
function untracked(port: number): string {
  return `udp dport ${port} notrack accept`;
}

function endpointMap(count: number): string {
  return count === 1
    ? 'map ep1 { type ipv4_addr : ipv4_addr; }'
    : `map ep${count} { typeof ip daddr . numgen random mod ${count} : ip daddr; }`;
}

function balance(count: number): string {
  return count === 1
    ? 'dnat to ip daddr map @ep1'
    : `dnat to ip daddr . numgen random mod ${count} map @ep${count}`;
}

/** What the kernel counts of who sends to addresses that nobody owns, and how fast each is; it fills them itself. */
export const COUNTING_SETS: ReadonlySet<string> = new Set(['strays', 'hurried']);

/**
 * First packets to an address that nobody owns. No flow comes of them, so each is a first one: they are counted by
 * sender, and refused as long as the sender leaves the kernel time for other work. Two sets, because before Linux 5.11 an
 * element has one expression.
 */
const ASTRAY = [
  'set strays { type ipv4_addr; size 1024; flags dynamic, timeout; timeout 1h; }',
  'set hurried { type ipv4_addr; size 1024; flags dynamic, timeout; timeout 1m; }',
  ...chain('astray', [
    'update @strays { ip saddr counter }',
    'update @hurried { ip saddr limit rate over 20/second burst 40 packets } drop',
  ]),
];

/**
 * For what comes from containers, other workers and outside (prerouting) and from this worker itself (output). Only the
 * first packet of a flow comes through here, so looking into the routes costs streams nothing.
 */
function translation(subnet: string): string[] {
  const own = workerPrefix(subnet);
  const services = `ip daddr ${SERVICE_PREFIX} goto services`;
  const published = `fib daddr type local ip daddr != ${gatewayOf(subnet)} meta l4proto { tcp, udp } goto published`;
  const astray = [
    `ip saddr ${own} ip daddr ${OVERLAY_PREFIX} ip daddr != @${NETWORKS} fib daddr type != local ${elsewhere('fib daddr oifname')} goto astray`,
    `ip daddr ${own} fib daddr oifname "${TUNNEL}" goto astray`,
    `ip saddr ${own} ip daddr @${BEHIND} goto astray`,
  ];
  const hooked = (hook: string) => `type nat hook ${hook} priority -100; policy accept;`;
  return [
    ...chain('prerouting', [hooked('prerouting'), services, ...astray, published]),
    ...chain('output', [hooked('output'), services, published]),
  ];
}

function sources(subnet: string): string[] {
  const gateway = gatewayOf(subnet);
  return [
    'type nat hook postrouting priority srcnat; policy accept;',
    // An instance that was sent to itself would answer itself, past the translation.
    `ip saddr . ip daddr @self snat to ${gateway}`,
    `oifname "hv*" ip saddr 127.0.0.0/8 snat to ${gateway}`,
    `ip saddr ${workerPrefix(subnet)} oifname != "hv*" oifname != "${TUNNEL}" masquerade`,
  ];
}

/**
 * What nobody answers for is refused at once and never leaves through the worker's other devices. Every packet comes
 * through here, so addresses are compared first: names of devices are copied for each comparison.
 */
function refusals(own: string): string[] {
  const unanswered = `ip daddr ${SERVICE_PREFIX} goto unanswered`;
  return [
    ...chain('refuse', ['meta l4proto tcp reject with tcp reset', 'reject with icmp type port-unreachable']),
    // A late packet of a translated flow comes through untranslated: an answer to it would reset a healthy connection.
    ...chain('unanswered', ['ct state invalid drop', 'goto refuse']),
    ...chain('forward', [
      'type filter hook forward priority filter - 1; policy accept;',
      unanswered,
      `ip daddr ${own} oifname "${TUNNEL}" goto refuse`,
      // answers alone: nothing there is anybody's any more
      `ip daddr @${BEHIND} ct direction original goto refuse`,
      // answers of published ports go back to wherever they were asked from
      `ip daddr ${OVERLAY_PREFIX} ${elsewhere('oifname')} iifname "hv*" ct direction original ip daddr != @${NETWORKS} goto refuse`,
    ]),
    ...chain('local', ['type filter hook output priority filter - 1; policy accept;', unanswered]),
  ];
}

/** To neither a worker nor an instance. The tunnel comes first, and streams to other workers are compared no further. */
function elsewhere(device: string): string {
  return `${device} != "${TUNNEL}" ${device} != "hv*"`;
}

function chain(name: string, lines: readonly string[]): string[] {
  return [`chain ${name} {`, ...lines, '}'];
}
