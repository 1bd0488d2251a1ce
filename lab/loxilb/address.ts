import { isIP, isIPv4, isIPv6 } from 'node:net';

/** The text form that LoxiLB answers with: IPv6 compressed and in lower case. undefined: no IP address. */
export function canonicalIp(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

/** The network of a CIDR: "203.0.113.7/24" → "203.0.113.0/24". undefined: no CIDR. */
export function networkOf(cidr: string): string | undefined {
  const [ip = '', length = '', rest] = cidr.split('/');
  const bits = isIPv4(ip) ? 32 : 128;
  if (rest !== undefined || isIP(ip) === 0 || !/^\d{1,3}$/.test(length) || Number(length) > bits) {
    return undefined;
  }
  const hostBits = BigInt(bits - Number(length));
  const network = (toBigInt(ip) >> hostBits) << hostBits;
  return `${fromBigInt(network, bits)}/${Number(length)}`;
}

function toBigInt(ip: string): bigint {
  if (isIPv4(ip)) return ip.split('.').reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const [head = '', tail] = (canonicalIp(ip) ?? '').split('::');
  const words = (part: string) => (part === '' ? [] : part.split(':'));
  const front = words(head);
  const back = words(tail ?? '');
  const middle = tail === undefined ? [] : Array.from({ length: 8 - front.length - back.length }, () => '0');
  return [...front, ...middle, ...back].reduce((sum, word) => (sum << 16n) | BigInt(`0x${word}`), 0n);
}

function fromBigInt(value: bigint, bits: number): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const words = Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
  );
  return canonicalIp(words.join(':')) ?? '';
}
