import { describe, expect, it } from 'vitest';
import { guestAddresses, usable } from './addresses.ts';
import {
  agentInterfacesSchema,
  clusterStatusSchema,
  containerInterfacesSchema,
  guestConfigSchema,
  machineStateSchema,
  permissionsSchema,
  resourcesSchema,
  versionSchema,
} from './wire.ts';

const rows = (...data: unknown[]) => resourcesSchema.parse({ data });
const config = (data: object) => guestConfigSchema.parse({ data });

describe('cluster resources', () => {
  it('take numbers and names as text or number, and truth as 0, 1 or text', () => {
    const { guests } = rows(
      {
        type: 'lxc',
        vmid: '101',
        node: 'n',
        name: 4711,
        status: 'running',
        template: '0',
        maxmem: '1024',
        cpu: '1e-05',
      },
      { type: 'qemu', vmid: 102, node: 'n', template: 1 },
    );
    expect(guests[0]).toMatchObject({ vmid: 101, name: '4711', template: false, maxmem: 1024, cpu: 0.00001 });
    expect(guests[1]).toMatchObject({
      vmid: 102,
      template: true,
      status: 'unknown',
      tags: [],
    });
  });

  it('take missing and null as not there', () => {
    const { guests, storages } = rows(
      { type: 'lxc', vmid: 101, node: 'n', tags: null, lock: null, pool: null, uptime: null },
      { type: 'storage', storage: 'local', node: 'n', shared: null, content: null },
    );
    expect(guests[0]).toMatchObject({ tags: [], lock: undefined, uptime: undefined });
    expect(storages[0]).toMatchObject({ shared: false, content: [] });
  });

  it('split tags at any of the separators there ever were, and sort what has no order', () => {
    const { guests, storages } = rows(
      { type: 'lxc', vmid: 101, node: 'n', tags: 'web;prod,b a' },
      { type: 'storage', storage: 's', node: 'n', content: 'vztmpl,iso' },
    );
    expect(guests[0]?.tags).toEqual(['a', 'b', 'prod', 'web']);
    expect(storages[0]?.content).toEqual(['iso', 'vztmpl']);
  });

  it('ignore kinds of later releases, and count bad rows instead of failing', () => {
    const read = rows(
      { type: 'network', network: 'x' },
      { type: 'constructor' },
      { type: 'lxc', vmid: 'many', node: 'n' },
      { type: 'lxc', vmid: 101, node: 'n' },
      { type: 'node', node: 'n', status: 'online', maxcpu: '8' },
    );
    expect([read.guests.length, read.hosts.length, read.unreadable]).toEqual([1, 1, 1]);
    expect(read.hosts[0]?.maxcpu).toBe(8);
  });

  it('are no list: not understood', () => {
    expect(resourcesSchema.safeParse({ data: null }).success).toBe(false);
    expect(resourcesSchema.safeParse({ data: {} }).success).toBe(false);
    expect(resourcesSchema.safeParse([]).success).toBe(false);
  });

  it('cut what is too long', () => {
    const { guests } = rows({ type: 'lxc', vmid: 101, node: 'n', name: 'x'.repeat(5_000) });
    expect(guests[0]?.name).toHaveLength(200);
  });
});

describe('cluster status', () => {
  it('has no cluster row on a single host', () => {
    const single = clusterStatusSchema.parse({
      data: [{ type: 'node', name: 'pve', ip: '10.0.0.1', nodeid: 0 }],
    });
    expect(single.quorate).toBeUndefined();
    expect(single.addresses.get('pve')).toBe('10.0.0.1');
  });

  it('has a quorum, in numbers', () => {
    expect(clusterStatusSchema.parse({ data: [{ type: 'cluster', quorate: 0 }] }).quorate).toBe(false);
  });
});

describe('addresses', () => {
  it('of a container come in two spellings, old and new, and are null when it is off', () => {
    expect(containerInterfacesSchema.parse({ data: null })).toEqual([]);
    const read = containerInterfacesSchema.parse({
      data: [
        { name: 'eth0', hwaddr: 'x', inet: '10.0.0.21/24', inet6: 'fe80::1/64' },
        {
          name: 'eth1',
          inet: '10.0.1.21/24',
          'ip-addresses': [
            { 'ip-address': '10.0.1.21', prefix: 24 },
            { 'ip-address': '10.0.1.22', prefix: 24 },
          ],
        },
      ],
    });
    expect(read).toEqual([
      { name: 'eth0', addresses: ['10.0.0.21', 'fe80::1'] },
      { name: 'eth1', addresses: ['10.0.1.21', '10.0.1.22'] },
    ]);
  });

  it('of an agent sit in a result, which is an object when the agent cannot tell', () => {
    const read = agentInterfacesSchema.parse({
      data: {
        result: [
          { name: 'ens18', 'ip-addresses': [{ 'ip-address': '10.0.0.5', prefix: '24' }] },
          { name: 'ens19' },
        ],
      },
    });
    expect(read).toEqual([
      { name: 'ens18', addresses: ['10.0.0.5'] },
      { name: 'ens19', addresses: [] },
    ]);
    expect(
      agentInterfacesSchema.parse({ data: { result: { error: { class: 'CommandNotFound' } } } }),
    ).toEqual([]);
    expect(agentInterfacesSchema.safeParse({ data: {} }).success).toBe(false);
  });

  it('that lead nowhere, or that every machine has, are left out; the order is always the same', () => {
    const found = guestAddresses([
      { name: 'eth1', addresses: ['2001:DB8::5', '192.168.7.9'] },
      { name: 'docker0', addresses: ['172.17.0.1'] },
      { name: 'br-0123456789ab', addresses: ['172.18.0.1'] },
      { name: 'lo', addresses: ['127.0.0.1', '::1'] },
      { name: 'eth0', addresses: ['fe80::1', '10.0.0.5', '169.254.3.3', '<script>', '10.0.0.5'] },
    ]);
    expect(found).toEqual(['10.0.0.5', '192.168.7.9', '2001:db8::5']);
    expect(usable(Array.from({ length: 100 }, (_, n) => `10.0.0.${n}`))).toHaveLength(64);
  });
});

describe('a configuration', () => {
  it('gives static addresses, and says when others are dynamic', () => {
    expect(
      config({
        net0: 'name=eth0,bridge=vmbr0,gw=10.0.0.1,hwaddr=BC:24:11:00:00:01,ip=10.0.0.21/24,ip6=auto,type=veth',
        net1: 'name=eth1,bridge=vmbr1,ip=2001:db8::1/64',
        hostname: 'ip=1.2.3.4',
        onboot: '1',
      }),
    ).toEqual({ onboot: true, agent: false, addresses: ['10.0.0.21', '2001:db8::1'], dynamic: true });
    expect(config({ ipconfig0: 'ip=10.0.0.5/24,gw=10.0.0.1' })).toMatchObject({
      addresses: ['10.0.0.5'],
      dynamic: false,
    });
    expect(config({ ipconfig0: 'ip=dhcp' })).toMatchObject({ addresses: [], dynamic: true });
  });

  it.each([
    ['1', true],
    [1, true],
    ['enabled=1,fstrim_cloned_disks=1', true],
    ['type=isa,1', true],
    ['enabled=0', false],
    ['0,type=virtio', false],
    [undefined, false],
  ])('agent %s is %s', (agent, on) => {
    expect(config(agent === undefined ? {} : { agent }).agent).toBe(on);
  });
});

describe('small answers', () => {
  it('are read exactly', () => {
    expect(versionSchema.parse({ data: { version: '8.4.1', release: '8.4', repoid: 'x' } })).toBe('8.4.1');
    expect(versionSchema.safeParse({ data: {} }).success).toBe(false);
    expect(machineStateSchema.parse({ data: { status: 'running' } })).toBeUndefined();
    expect(permissionsSchema.parse({ data: { '/': { 'VM.Audit': 1, 'Sys.Audit': 0 } } })).toEqual({
      '/': { 'VM.Audit': true, 'Sys.Audit': false },
    });
  });
});
