import { describe, expect, it } from 'vitest';
import { ObservedEntitySchema, type ObservedOf } from '../../../../shared/model/entity.ts';
import { MAX_PORTS, observeNode, type NodeInput } from './observe-node.ts';
import { sampleHa, samplePort } from './samples.ts';

function observe(input: Partial<NodeInput> = {}) {
  return observeNode({
    connectionId: 'lb-1',
    version: '0.9.8.8',
    device: { hostName: 'lb-1', uptimeSeconds: 60 },
    ha: [sampleHa()],
    ports: [samplePort()],
    addresses: [{ device: 'eth0', ips: ['10.1.0.2'] }],
    missing: [],
    asOf: 5,
    rateOf: new Map(),
    ...input,
  });
}

const balancer = (input: Partial<NodeInput> = {}) =>
  observe(input).entities.find(
    (entity): entity is ObservedOf<'load-balancer'> => entity.kind === 'load-balancer',
  );
const portHealth = (fields: Parameters<typeof samplePort>[0]) =>
  observe({ ports: [samplePort(fields)] }).entities.find(({ kind }) => kind === 'port')?.ownHealth;

describe('a LoxiLB node', () => {
  it('is a load balancer with its ports', () => {
    const { entities, links, partial } = observe({
      rateOf: new Map([['loxilb/lb-1/port/eth0', { bytesPerSecond: 3, packetsPerSecond: 1 }]]),
    });
    expect(partial).toBeUndefined();
    expect(entities.map(({ id }) => id)).toEqual(['loxilb/lb-1/load-balancer/lb-1', 'loxilb/lb-1/port/eth0']);
    expect(entities[0]).toMatchObject({
      name: 'lb-1',
      ownHealth: { state: 'healthy' },
      addresses: ['10.1.0.2'],
      metrics: { uptimeSeconds: 60 },
      attrs: { version: '0.9.8.8', haState: 'MASTER', haInstance: 'llb-inst0', hostName: 'lb-1' },
    });
    expect(entities[1]).toMatchObject({
      addresses: [],
      metrics: { receivedBytes: 500, sentBytes: 700, packetsTotal: 12, errorsTotal: 0, bytesPerSecond: 3 },
    });
    expect(links).toMatchObject([
      { from: 'loxilb/lb-1/port/eth0', to: 'loxilb/lb-1/load-balancer/lb-1', kind: 'runs-on' },
    ]);
  });

  it('owns the addresses of its devices, but not virtual IPs on lo or addresses that every machine has', () => {
    const addresses = [
      { device: 'lo', ips: ['127.0.0.1', '10.0.0.5'] },
      { device: 'eth1', ips: ['10.0.0.2', '169.254.1.1'] },
      { device: 'eth0', ips: ['10.1.0.2'] },
    ];
    const ports = [
      samplePort({ ips: ['10.1.0.2', '2001:db8::2', 'fe80::1'] }),
      samplePort({ name: 'lo', ips: ['::1'] }),
    ];
    expect(balancer({ addresses, ports })?.addresses).toEqual(['10.0.0.2', '10.1.0.2', '2001:db8::2']);
  });

  it.each([
    ['MASTER', 'healthy'],
    ['BACKUP', 'healthy'],
    ['NOT_DEFINED', 'healthy'],
    ['STOP', 'degraded'],
    ['FAULT', 'down'],
    ['JUMPING', 'unknown'],
  ])('HA state %s is %s', (state, expected) => {
    const health = balancer({
      ha: [sampleHa({ instance: 'a', state: 'MASTER' }), sampleHa({ state })],
    })?.ownHealth;
    expect(health?.state).toBe(expected);
    if (expected !== 'healthy') expect(health?.reason).toContain(state);
  });

  it('is unknown without its HA state, and says what is missing', () => {
    const observation = observe({ ha: undefined, missing: ['HA state missing: why'], ports: undefined });
    expect(observation.partial).toBe('HA state missing: why');
    expect(observation.entities).toHaveLength(1);
    expect(observation.entities[0]?.ownHealth).toEqual({
      state: 'unknown',
      reason: 'its HA state cannot be read',
    });
  });

  it('is named by its connection where it does not tell its host name', () => {
    expect(balancer({ device: undefined })).toMatchObject({ name: 'lb-1', metrics: {} });
  });

  it('tells ports that are off, without link or out of step', () => {
    expect(portHealth({})).toEqual({ state: 'healthy' });
    expect(portHealth({ enabled: false })?.reason).toBe('the port is off');
    expect(portHealth({ link: false })?.reason).toBe('the port has no link');
    expect(portHealth({ sync: 3 })).toEqual({ state: 'degraded', reason: 'data plane: change error' });
    expect(portHealth({ sync: 5 })?.state).toBe('unknown');
    expect(portHealth({ sync: 4 })?.state).toBe('unknown');
  });

  it('sorts ports, caps them, and stays within the model', () => {
    const ports = Array.from({ length: MAX_PORTS + 2 }, (_, index) =>
      samplePort({ name: `eth${index}` }),
    ).reverse();
    const { entities, partial } = observe({ ports });
    expect(entities).toHaveLength(MAX_PORTS + 1);
    expect(partial).toBe(`2 of ${MAX_PORTS + 2} ports are left out`);
    const ids = entities.slice(1).map(({ id }) => id);
    expect(ids).toEqual([...ids].sort((a, b) => (a < b ? -1 : 1)));
    const hostile = observe({
      ports: [samplePort({ name: '\u202e/\ud800', ips: Array.from({ length: 90 }, () => '10.1.0.2') })],
      version: 'v'.repeat(9_000),
    });
    for (const entity of hostile.entities) expect(ObservedEntitySchema.safeParse(entity).success).toBe(true);
  });
});
