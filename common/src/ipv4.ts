/** IPv4 addresses as unsigned 32-bit numbers. */

/** @returns null unless `text` is four canonical decimal octets (no leading zeros). */
export function parseIpv4(text: string): number | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every(isOctet)) return null;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map(shift => (address >>> shift) & 255).join('.');
}

/** @param prefix `10.30.0.0/16` */
export function inPrefix(address: string, prefix: string): boolean {
  const [network, bits] = prefix.split('/');
  const left = parseIpv4(address);
  const right = parseIpv4(network ?? '');
  if (left === null || right === null) return false;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(left / size) === Math.floor(right / size);
}

/** @throws RangeError past either end of the address space */
export function addIpv4(address: string, offset: number): string {
  const base = parseIpv4(address);
  if (base === null) throw new TypeError(`not an IPv4 address: ${address}`);
  const sum = base + offset;
  if (sum < 0 || sum > 0xffff_ffff) throw new RangeError(`${address} + ${offset} is not an IPv4 address`);
  return formatIpv4(sum);
}

function isOctet(part: string): boolean {
  return /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255;
}
