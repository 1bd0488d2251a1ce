import type { HaInstance, NetworkPort, Probe, Rule, RuleEndpoint } from './wire.ts';

/** Plain values for tests of what is made of them. */
export function sampleEndpoint(fields: Partial<RuleEndpoint> = {}): RuleEndpoint {
  return {
    ip: '10.1.0.21',
    port: 8080,
    weight: 1,
    state: 'active',
    counter: { packets: 10, bytes: 1_000 },
    ...fields,
  };
}

export function sampleRule(fields: Partial<Rule> = {}): Rule {
  return {
    ip: '10.0.0.6',
    port: 443,
    portMax: undefined,
    protocol: 'tcp',
    sel: 0,
    mode: 0,
    security: 0,
    host: '',
    name: 'catalog',
    block: 0,
    bgp: false,
    monitor: true,
    probeType: '',
    probePort: 0,
    managed: false,
    egress: false,
    internal: false,
    endpoints: [sampleEndpoint(), sampleEndpoint({ ip: '10.1.0.22' })],
    ...fields,
  };
}

export function sampleProbe(fields: Partial<Probe> = {}): Probe {
  return {
    ip: '10.1.0.21',
    name: '10.1.0.21_tcp_8080',
    type: 'tcp',
    port: 8080,
    state: 'ok',
    averageDelayMs: undefined,
    ...fields,
  };
}

export function samplePort(fields: Partial<NetworkPort> = {}): NetworkPort {
  return {
    name: 'eth0',
    index: 2,
    type: 'real',
    mac: 'bc:24:11:00:01:01',
    mtu: 1_500,
    link: true,
    enabled: true,
    ips: ['10.1.0.2'],
    received: { packets: 5, bytes: 500 },
    sent: { packets: 7, bytes: 700 },
    errors: 0,
    sync: 0,
    ...fields,
  };
}

export function sampleHa(fields: Partial<HaInstance> = {}): HaInstance {
  return { instance: 'llb-inst0', state: 'MASTER', vip: '10.0.0.2', ...fields };
}
