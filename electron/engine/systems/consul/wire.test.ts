import { describe, expect, it } from 'vitest';
import {
  AgentSelfSchema,
  ChecksSchema,
  DumpSchema,
  NodesSchema,
  NodeServicesSchema,
  ServicesSchema,
} from './wire.ts';

const node = { ID: 'x', Node: 'n1', Address: '10.0.0.1', Datacenter: 'dc1' };

describe('what Consul says', () => {
  it('may null or leave out every map and list', () => {
    const [bare] = NodesSchema.parse([{ ...node, TaggedAddresses: null, Meta: null }]);
    expect(bare).toEqual({
      name: 'n1',
      address: '10.0.0.1',
      addresses: ['10.0.0.1'],
      datacenter: 'dc1',
      meta: {},
    });
    expect(NodesSchema.parse([{ Node: 'n1' }])).toEqual([
      { name: 'n1', address: '', addresses: [], datacenter: '', meta: {} },
    ]);
    expect(DumpSchema.parse([{ ...node, Services: null, Checks: null }])).toMatchObject([
      { instances: [], checks: [] },
    ]);
    expect(ServicesSchema.parse({ web: null, api: ['a'] })).toEqual({ web: [], api: ['a'] });
  });

  it('names each address of a node once, its own first', () => {
    const tagged = { lan: '10.0.0.1', lan_ipv4: '10.0.0.1', wan: '192.0.2.1' };
    expect(NodesSchema.parse([{ ...node, TaggedAddresses: tagged }])[0]?.addresses).toEqual([
      '10.0.0.1',
      '192.0.2.1',
    ]);
  });

  it('has null tags in the dump, and an empty address for the node’s own', () => {
    const service = { ID: 'web-1', Service: 'web', Tags: null, Address: '', Port: 0, Meta: null };
    const [dump] = DumpSchema.parse([{ ...node, Services: [service] }]);
    expect(dump?.instances).toEqual([
      {
        node: 'n1',
        id: 'web-1',
        service: 'web',
        kind: '',
        tags: [],
        address: '',
        port: 0,
        lan: [],
        meta: {},
        proxyFor: null,
      },
    ]);
  });

  it('prints an empty proxy block for an ordinary service, and a destination for a sidecar', () => {
    const ordinary = { ID: 'a', Service: 'a', Proxy: { MeshGateway: {}, Expose: {} } };
    const sidecar = {
      ID: 'a-proxy',
      Service: 'a-proxy',
      Kind: 'connect-proxy',
      Proxy: { DestinationServiceName: 'a', DestinationServiceID: 'a' },
    };
    const [dump] = DumpSchema.parse([{ ...node, Services: [ordinary, sidecar] }]);
    expect(dump?.instances.map((row) => row.proxyFor)).toEqual([null, { service: 'a', id: 'a' }]);
  });

  it('keeps addresses of the local network only', () => {
    const at = (Address: string) => ({ Address, Port: 80 });
    const TaggedAddresses = { lan_ipv4: at('10.0.0.9'), wan: at('192.0.2.9'), virtual: at('240.0.0.1') };
    const [dump] = DumpSchema.parse([{ ...node, Services: [{ ID: 'a', Service: 'a', TaggedAddresses }] }]);
    expect(dump?.instances[0]?.lan).toEqual([{ address: '10.0.0.9', port: 80 }]);
  });

  it('answers null for a node that is gone, and a map of services for one that is there', () => {
    expect(NodeServicesSchema.parse(null)).toEqual([]);
    const body = {
      Node: node,
      Services: { 'web-1': { ID: 'web-1', Service: 'web', Tags: ['a'], Port: 80 } },
    };
    expect(NodeServicesSchema.parse(body)).toMatchObject([{ node: 'n1', id: 'web-1', port: 80 }]);
  });

  it('keeps any text as a check’s status', () => {
    const check = { Node: 'n1', CheckID: 'c', Name: 'c', Status: 'weird', ServiceTags: null };
    expect(ChecksSchema.parse([check])).toMatchObject([{ status: 'weird', serviceId: '', output: '' }]);
  });

  it('ignores keys it does not know, and refuses what it cannot use', () => {
    expect(
      ChecksSchema.parse([{ Node: 'n', CheckID: 'c', Invented: { by: 'a newer version' } }]),
    ).toHaveLength(1);
    for (const bad of [{}, 'x', null, [{ CheckID: 'c' }], [{ Node: 1, CheckID: 'c' }]]) {
      expect(ChecksSchema.safeParse(bad).success).toBe(false);
    }
    expect(
      DumpSchema.safeParse([{ ...node, Services: [{ ID: 'a', Service: 'a', Port: '80' }] }]).success,
    ).toBe(false);
  });

  it('tells its version in a part of an ever changing answer', () => {
    const self = { Config: { Version: '1.21.4', Server: true }, DebugConfig: { anything: [1] }, Stats: null };
    expect(AgentSelfSchema.parse(self).Config).toMatchObject({
      Version: '1.21.4',
      Server: true,
      Datacenter: '',
    });
  });
});
