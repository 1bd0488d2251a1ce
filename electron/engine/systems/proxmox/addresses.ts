import { z } from 'zod';
import type { Interface } from './wire.ts';

/**
 * Interfaces that a machine makes for itself (bridges of container engines and hypervisors). Each machine has the same
 * addresses on them, so they say nothing about who answers where.
 */
const OWN_USE =
  /^(lo\d*|docker\w*|br-[0-9a-f]{8,}|veth.*|virbr\d+.*|lxcbr\d+|lxdbr\d+|cni\w*|flannel.*|cali.*|podman\d+|tunl\d+)$/;

const ipSchema = z.union([z.ipv4(), z.ipv6()]);
const MAX_ADDRESSES = 64;

/** Loopback, link-local and unspecified addresses lead nowhere. */
export function isUsableAddress(ip: string): boolean {
  if (!ipSchema.safeParse(ip).success) return false;
  return !/^(127\.|169\.254\.|0\.0\.0\.0$|::1$|::$|fe[89ab][0-9a-f]:)/i.test(ip);
}

/** The addresses by which others reach a guest: IPv4 first, by interface name, each once, at most 64. */
export function guestAddresses(interfaces: readonly Interface[]): string[] {
  const sorted = interfaces
    .filter(({ name }) => !OWN_USE.test(name))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return usable(sorted.flatMap(({ addresses }) => addresses));
}

/** Usable addresses of a list, IPv4 first, each once, at most 64. */
export function usable(addresses: readonly string[]): string[] {
  const kept = addresses.map((ip) => ip.toLowerCase()).filter(isUsableAddress);
  const isV6 = (ip: string) => ip.includes(':');
  return [...new Set([...kept.filter((ip) => !isV6(ip)), ...kept.filter(isV6)])].slice(0, MAX_ADDRESSES);
}
