import { isIPv4 } from 'node:net';
import type { LoxilbNode } from './node.ts';
import { omitEmpty } from './reply.ts';

const VIP_SUFFIX = '/32';

interface Interface {
  readonly name: string;
  readonly index: number;
  readonly mac: readonly number[];
  readonly mtu: number;
}

function interfaces(node: LoxilbNode): Interface[] {
  return node.addresses.map(({ dev }, index) => ({
    name: dev,
    index: index + 1,
    mac: dev === 'lo' ? [0, 0, 0, 0, 0, 0] : [0xbc, 0x24, 0x11, 0x00, 0x01, index],
    mtu: dev === 'lo' ? 65_536 : 1_500,
  }));
}

/** Addresses by device. LoxiLB installs each virtual IP on `lo`, but for names with "ipvs" or "static". */
export function ipAddresses(node: LoxilbNode): { dev: string; ipAddress: string[] }[] {
  const vips = new Set(
    node.rules
      .all()
      .filter(({ ip, name, mode }) => isIPv4(ip) && mode !== 5 && !/ipvs|static/.test(name))
      .map(({ ip }) => `${ip}${VIP_SUFFIX}`),
  );
  return node.addresses.map(({ dev, ipAddress }) => ({
    dev,
    ipAddress: dev === 'lo' ? [...ipAddress, ...vips] : ipAddress,
  }));
}

export function ports(node: LoxilbNode): Record<string, unknown>[] {
  const addresses = new Map(ipAddresses(node).map(({ dev, ipAddress }) => [dev, ipAddress]));
  const { netInBytes, netOutBytes } = node.guest;
  const outside = interfaces(node).filter(({ name }) => name !== 'lo').length;
  return interfaces(node).map(({ name, index, mac, mtu }) => {
    const share = name === 'lo' ? 0 : 1 / outside;
    const rxBytes = Math.floor(netInBytes * share);
    const txBytes = Math.floor(netOutBytes * share);
    return {
      portName: name,
      ...omitEmpty({ portNo: index, zone: 'root' }),
      portSoftwareInformation: omitEmpty({
        osId: index,
        portType: 1,
        portProp: 0,
        portActive: true,
        bpfLoaded: name !== 'lo',
      }),
      portHardwareInformation: {
        rawMacAddress: mac,
        macAddress: mac.map((byte) => byte.toString(16).padStart(2, '0')).join(':'),
        ...omitEmpty({ mtu, link: true, state: true }),
      },
      portStatisticInformation: omitEmpty({
        rxBytes,
        txBytes,
        rxPackets: Math.floor(rxBytes / 750),
        txPackets: Math.floor(txBytes / 750),
        rxErrors: 0,
        txErrors: 0,
      }),
      portL3Information: {
        routed: true,
        // One string for all of them.
        IPv4Address: [(addresses.get(name) ?? []).join(', ')],
        IPv6Address: [name === 'lo' ? '::1/128' : ''],
      },
      portL2Information: omitEmpty({ isPvid: true, vid: 3_800 + index }),
    };
  });
}

export function routes(node: LoxilbNode): Record<string, unknown>[] {
  const local = node.addresses
    .filter(({ dev }) => dev !== 'lo')
    .flatMap(({ ipAddress }) => ipAddress)
    .map((cidr) => ({
      destinationIPNet: cidr.replace(/\d+\/24$/, '0/24'),
      protocol: 'kernel',
      flags: 'Self',
      statistic: { bytes: 0, packets: 0 },
    }));
  return [
    ...local,
    {
      destinationIPNet: '0.0.0.0/0',
      gateway: '10.1.0.1',
      protocol: 'boot',
      flags: 'Ind',
      hardwareMark: 1,
      statistic: { bytes: 0, packets: 0 },
    },
  ];
}

/** Guests on the same network that are up. */
export function neighbors(node: LoxilbNode): Record<string, unknown>[] {
  return [...node.context.world.guests.values()]
    .filter(({ vmid, ip }) => ip !== '' && vmid !== node.guest.vmid && node.context.world.isGuestUp(vmid))
    .map(({ vmid, ip }) => ({
      ipAddress: ip,
      dev: 'eth0',
      macAddress: `bc:24:11:00:${(vmid >> 8).toString(16).padStart(2, '0')}:${(vmid & 255).toString(16).padStart(2, '0')}`,
    }));
}

export function haState(node: LoxilbNode): Record<string, unknown>[] {
  // Required but never set by the server: null.
  return [...node.ha].map(([instance, { state, vip }]) => ({ instance, state, vip, sync: null }));
}
