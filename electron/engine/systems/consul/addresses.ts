import { socketOf } from '../../../../shared/model/entity.ts';
import type { ConsulInstance, ConsulNode } from './wire.ts';

const MAX_ENTRIES = 64;
const MAX_LENGTH = 300;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

/** Whether `text` is an IP address. Consul takes names, and templates' left-overs, as addresses too. */
export function isIp(text: string): boolean {
  return IPV4.test(text) || (/^[0-9a-fA-F:.]{2,45}$/.test(text) && URL.canParse(`http://[${text}]`));
}

/** The IP addresses that a node owns. */
export function nodeAddresses(node: ConsulNode): string[] {
  return node.addresses.filter(isIp).slice(0, MAX_ENTRIES);
}

/** Where an instance is called: its own address, or its node's. */
export function instanceAddress(instance: ConsulInstance, node: ConsulNode | undefined): string {
  return instance.address === '' ? (node?.address ?? '') : instance.address;
}

/**
 * Sockets that an instance answers on: its own, the local network's spelling of it, and its sidecars', since whoever
 * calls the sidecar calls the instance. Names stay as `name:port`. A port of 0 means that it listens on none (or on a
 * Unix socket).
 */
export function instanceSockets(
  instance: ConsulInstance,
  node: ConsulNode | undefined,
  sidecars: readonly ConsulInstance[],
): string[] {
  const sockets = new Set<string>();
  for (const one of [instance, ...sidecars]) {
    for (const at of [{ address: instanceAddress(one, node), port: one.port }, ...one.lan]) {
      const fits = at.address !== '' && at.address.length <= MAX_LENGTH;
      if (fits && at.port > 0 && at.port < 65_536) sockets.add(socketOf(at.address, at.port));
    }
  }
  return [...sockets].slice(0, MAX_ENTRIES);
}
