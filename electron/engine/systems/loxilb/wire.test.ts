import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addressesIn,
  AddressesAnswer,
  DeviceAnswer,
  goDurationMs,
  HaAnswer,
  isIp,
  LoginAnswer,
  PortsAnswer,
  ProbesAnswer,
  RulesAnswer,
  VersionAnswer,
} from './wire.ts';

function rules(...lbAttr: unknown[]) {
  const answer = RulesAnswer.parse({ lbAttr });
  if (!answer.ok) throw new Error(answer.failure);
  return answer.items;
}

const bare = { serviceArguments: { externalIP: '10.0.0.5', port: 443, protocol: 'tcp' }, endpoints: [] };

describe('LoxiLB wire: lists', () => {
  it('takes null for an empty list', () => {
    expect(RulesAnswer.parse({ lbAttr: null })).toEqual({ ok: true, items: [] });
    expect(RulesAnswer.parse({ lbAttr: [] })).toEqual({ ok: true, items: [] });
    expect(rules({ ...bare, endpoints: null })[0]?.endpoints).toEqual([]);
  });

  it('takes a failure text with status 200 for a failure', () => {
    expect(ProbesAnswer.parse({ result: 'not-ready' })).toEqual({ ok: false, failure: 'not-ready' });
  });

  it('does not take an answer without the list for an empty one', () => {
    for (const answer of [{}, { result: 'Success' }, { items: [] }]) {
      expect(RulesAnswer.safeParse(answer).success).toBe(false);
    }
    expect(RulesAnswer.safeParse([]).success).toBe(false);
    expect(RulesAnswer.safeParse({ lbAttr: {} }).success).toBe(false);
  });

  it('refuses a rule without what tells it apart, and an end point without address', () => {
    expect(RulesAnswer.safeParse({ lbAttr: [{ serviceArguments: { port: 1 } }] }).success).toBe(false);
    const endpoints = [{ targetPort: 80, weight: 1 }];
    expect(RulesAnswer.safeParse({ lbAttr: [{ ...bare, endpoints }] }).success).toBe(false);
  });
});

describe('LoxiLB wire: rules', () => {
  it('fills in what omit-empty left out', () => {
    expect(rules(bare)[0]).toEqual({
      ip: '10.0.0.5',
      port: 443,
      portMax: undefined,
      protocol: 'tcp',
      sel: 0,
      mode: 0,
      security: 0,
      host: '',
      name: '',
      block: 0,
      bgp: false,
      monitor: false,
      probeType: '',
      probePort: 0,
      managed: false,
      egress: false,
      internal: false,
      endpoints: [],
    });
  });

  it('reads counters, big and broken ones', () => {
    const counters = ['1250:934112', '12:18446744073709551615', '', '7', '-1:2', '1:2:3', 'a:b'];
    const endpoints = counters.map((counter) => ({
      endpointIP: '10.1.0.1',
      targetPort: 1,
      weight: 1,
      counter,
    }));
    expect(rules({ ...bare, endpoints })[0]?.endpoints.map(({ counter }) => counter)).toEqual([
      { packets: 1_250, bytes: 934_112 },
      { packets: 12, bytes: 2 ** 64 },
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('knows the rules that LoxiLB made itself', () => {
    const service = { externalIP: '0.0.0.0', port: 0, protocol: 'none', block: 0x8000_0001 };
    expect(rules({ serviceArguments: { ...service, snat: true } })[0]?.internal).toBe(true);
    expect(rules({ serviceArguments: service })[0]?.internal).toBe(true);
  });

  it('takes a range only where there is one', () => {
    const withMax = (portMax: number) =>
      rules({ serviceArguments: { ...bare.serviceArguments, portMax } })[0]?.portMax;
    expect([withMax(450), withMax(443), withMax(0)]).toEqual([450, undefined, undefined]);
  });
});

describe('LoxiLB wire: the node', () => {
  it('reads the addresses that a port packs into one text', () => {
    const port = {
      portName: 'eth0',
      portHardwareInformation: { macAddress: '', link: true },
      portSoftwareInformation: { portType: 9 },
      portL3Information: { IPv4Address: ['10.1.0.2/24, 10.0.0.5/32'], IPv6Address: [''] },
    };
    const answer = PortsAnswer.parse({ portAttr: [port, { portName: 'eth1' }] });
    expect(answer.ok && answer.items[0]).toMatchObject({
      ips: ['10.1.0.2', '10.0.0.5'],
      type: 'real, vlan sub-interface',
      mac: undefined,
      link: true,
      enabled: false,
      sync: 0,
    });
    expect(answer.ok && answer.items[1]).toMatchObject({ ips: [], link: false, errors: 0 });
  });

  it('takes a null address list, and a null sync', () => {
    expect(AddressesAnswer.parse({ ipAttr: [{ dev: 'eth0', ipAddress: null }] })).toEqual({
      ok: true,
      items: [{ device: 'eth0', ips: [] }],
    });
    const ha = { instance: 'llb-inst0', state: 'MASTER', vip: '10.0.0.2', sync: null };
    expect(HaAnswer.parse({ Attr: [ha] })).toMatchObject({ ok: true, items: [{ state: 'MASTER' }] });
  });

  it('trims what the server read from files', () => {
    expect(DeviceAnswer.parse({ hostName: 'lb-1\n', uptime: '259.7 900.1\n' })).toEqual({
      hostName: 'lb-1',
      uptimeSeconds: 259.7,
    });
    expect(DeviceAnswer.parse({ hostName: '\n', uptime: 'long' })).toEqual({
      hostName: undefined,
      uptimeSeconds: undefined,
    });
  });

  it('wants a version, and takes the flavour', () => {
    expect(VersionAnswer.safeParse({}).success).toBe(false);
    expect(VersionAnswer.parse({ version: '0.9.8.8', product: 'loxilb-inference-gateway' }).product).toBe(
      'loxilb-inference-gateway',
    );
  });

  it('has no token where a login failed with 200', () => {
    expect(LoginAnswer.parse({})).toEqual({ token: undefined });
  });
});

describe('Go durations', () => {
  it.each([
    ['1.2ms', 1.2],
    ['310µs', 0.31],
    ['1m2.5s', 62_500],
    ['2h', 7_200_000],
    ['0s', 0],
    ['0', 0],
    ['', undefined],
    ['fast', undefined],
    ['1', undefined],
    ['1ms later', undefined],
  ])('%s', (text, ms) => {
    const parsed = goDurationMs(text);
    if (ms === undefined) expect(parsed).toBeUndefined();
    else expect(parsed).toBeCloseTo(ms, 9);
  });
});

describe('addresses in a text', () => {
  it('gives addresses and nothing else, whatever the text', () => {
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => addressesIn(text).every(isIp)));
  });

  it('finds every address, whatever stands between', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6());
    const between = fc.constantFrom(', ', ' ', '] [', '\n');
    fc.assert(
      fc.property(fc.array(address, { maxLength: 6 }), between, (list, separator) => {
        expect(addressesIn(list.map((ip) => `${ip}/24`).join(separator))).toEqual(list);
      }),
    );
  });
});
