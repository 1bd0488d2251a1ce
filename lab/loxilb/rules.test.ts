import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestNode, type TestNode } from './test-node.ts';

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
});
afterAll(() => node.stop());
beforeEach(async () => {
  await node.call('DELETE', '/config/loadbalancer/all');
});

type Json = Record<string, unknown>;

function rule(service: Json = {}, more: Json = {}): Json {
  return {
    serviceArguments: { externalIP: '198.51.100.10', port: 443, protocol: 'tcp', ...service },
    endpoints: [
      { endpointIP: '10.20.0.11', targetPort: 8443, weight: 1 },
      { endpointIP: '10.20.0.12', targetPort: 8443, weight: 1 },
    ],
    ...more,
  };
}

const post = (body: unknown) => node.call('POST', '/config/loadbalancer', body);
const all = async () => (await node.call('GET', '/config/loadbalancer/all')).body.lbAttr;
const only = async () => {
  const rules = await all();
  const [first] = rules;
  if (rules.length !== 1 || !first) throw new Error(`${rules.length} rules in place of one`);
  return first;
};
const one = (ip: string, targetPort = 8443, weight = 1) => ({ endpointIP: ip, targetPort, weight });

describe('LoxiLB stand-in: a rule as it is read back', () => {
  it('leaves out what is 0, false or empty, and what only a POST may say', async () => {
    const answer = await post(
      rule({
        sel: 4,
        mode: 2,
        monitor: true,
        probetype: 'tcp',
        probeport: 8443,
        probereq: 'hi',
        probeTimeout: 10,
        probeRetries: 3,
        inactiveTimeOut: 300,
        name: 'shop-https',
        privateIP: '10.9.9.9',
        snat: true,
      }),
    );
    expect([answer.status, answer.body]).toEqual([200, { result: 'Success' }]);
    expect(await only()).toEqual({
      serviceArguments: {
        externalIP: '198.51.100.10',
        port: 443,
        protocol: 'tcp',
        sel: 4,
        mode: 2,
        monitor: true,
        probetype: 'tcp',
        probeport: 8443,
        inactiveTimeOut: 300,
        name: 'shop-https',
      },
      endpoints: [
        { ...one('10.20.0.11'), state: 'active', counter: '0:0' },
        { ...one('10.20.0.12'), state: 'active', counter: '0:0' },
      ],
      secondaryIPs: null,
      allowedSources: null,
    });
  });

  it('keeps pointers at zero, and takes keys in any case', async () => {
    const body = {
      SERVICEARGUMENTS: { externalip: '198.51.100.9', PORT: 0, Protocol: 'icmp' },
      endPoints: [{ endpointip: '10.20.0.11', targetport: 0, WEIGHT: 0 }],
      typo: true,
    };
    expect((await post(body)).status).toBe(200);
    const { serviceArguments, endpoints } = await only();
    expect(serviceArguments).toEqual({
      externalIP: '198.51.100.9',
      port: 0,
      protocol: 'icmp',
      inactiveTimeOut: 20,
    });
    expect(endpoints[0]).toMatchObject({ targetPort: 0, weight: 0 });
  });

  it('answers canonical addresses and networks, and casts weights', async () => {
    await post(
      rule(
        { externalIP: '2001:DB8:0:0::1' },
        {
          endpoints: [one('10.20.0.11', 80, 256)],
          allowedSources: [{ prefix: '203.0.113.77/24' }, { prefix: '2001:DB8::ff/64' }],
        },
      ),
    );
    const { serviceArguments, endpoints, allowedSources } = await only();
    expect(serviceArguments['externalIP']).toBe('2001:db8::1');
    expect(endpoints[0]?.['weight']).toBe(0);
    expect(allowedSources).toEqual([{ prefix: '203.0.113.0/24' }, { prefix: '2001:db8::/64' }]);
  });

  it('changes the order of the list between calls', async () => {
    for (let port = 1; port <= 8; port++) await post(rule({ port }));
    const orders = new Set<string>();
    for (let turn = 0; turn < 10; turn++) {
      orders.add((await all()).map(({ serviceArguments }) => serviceArguments['port']).join());
    }
    expect(orders.size).toBeGreaterThan(1);
  });

  it('forces monitoring when a probe type is given', async () => {
    await post(rule({ probetype: 'ping' }));
    expect((await only()).serviceArguments['monitor']).toBe(true);
  });
});

describe('LoxiLB stand-in: what is refused', () => {
  const cases: readonly (readonly [string, Json, number, string])[] = [
    ['no endpoints', rule({}, { endpoints: [] }), 400, 'endpoints-range'],
    [
      'too many endpoints',
      rule({}, { endpoints: Array.from({ length: 33 }, (_, i) => one(`10.20.1.${i}`)) }),
      400,
      'endpoints-range',
    ],
    ['icmp with a port', rule({ protocol: 'icmp' }), 400, 'malformed-service'],
    ['portMax below port', rule({ portMax: 100 }), 400, 'serv-port-args range'],
    ['IPv4 in front of IPv6', rule({}, { endpoints: [one('2001:db8::2')] }), 400, 'nat46'],
    ['PROXY v2 on udp', rule({ protocol: 'udp', proxyprotocolv2: true }), 500, 'proxy-proto-v2'],
    ['mode 5 with an address', rule({ mode: 5 }), 400, 'hostarm-args'],
    ['a VIP that is no address', rule({ externalIP: 'vip' }), 400, 'malformed-service'],
    ['an end point that is no address', rule({}, { endpoints: [one('web-1')] }), 400, 'malformed-lbep'],
    ['an http probe in a rule', rule({ probetype: 'http' }), 400, 'malformed-service-ptype'],
    ['a tcp probe without port', rule({ probetype: 'tcp' }), 400, 'service-args'],
    ['a probe port without type', rule({ probeport: 80 }), 400, 'service-args'],
    ['a long timeout', rule({ inactiveTimeOut: 86_401 }), 400, 'service-args'],
    ['n3 on tcp', rule({ sel: 6 }), 400, 'non-udp-n3-args'],
    ['DSR to another port', rule({ mode: 3, sel: 1 }), 400, 'dsr-port'],
  ];
  it.each(cases)('%s', async (_, body, status, result) => {
    const answer = await post(body);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ code: status, fields: null });
    expect(answer.body.result).toContain(result);
    expect(await all()).toEqual([]);
  });

  const shapes: readonly (readonly [string, unknown, number])[] = [
    ['nothing at all', {}, 602],
    ['no address', rule({ externalIP: undefined }), 602],
    ['a selection outside the enum', rule({ sel: 7 }), 606],
    ['a protocol outside the enum', rule({ protocol: 'none' }), 606],
    ['a port as text', rule({ port: '443' }), 601],
  ];
  it.each(shapes)('422 for %s', async (_, body, code) => {
    const answer = await post(body);
    expect([answer.status, answer.body.code]).toEqual([422, code]);
    expect(answer.body.result).toBeUndefined();
  });

  it('a body that is no JSON, with the framework’s 400', async () => {
    const answer = await post('{"serviceArguments":');
    expect([answer.status, answer.body.code, answer.body.result]).toEqual([400, 400, undefined]);
  });

  it('DSR without hash selection, with status 200 and words', async () => {
    const body = rule({ mode: 3, sel: 0, port: 8443 });
    const answer = await post(body);
    expect(answer.status).toBe(200);
    expect(answer.body.result).toMatch(/^Error: Only Hash/);
    expect(await all()).toEqual([]);
  });
});

describe('LoxiLB stand-in: identity and updates', () => {
  it('tells rules apart by host, address, protocol, range and block, not by name', async () => {
    const variants = [{}, { host: 'a.example' }, { protocol: 'udp' }, { portMax: 450 }, { block: 7 }];
    for (const variant of variants) expect((await post(rule({ name: 'same', ...variant }))).status).toBe(200);
    expect(await all()).toHaveLength(variants.length);
    expect((await post(rule({ name: 'other' }))).status).toBe(409);
  });

  it('refuses the identical rule and changes it does not notice', async () => {
    await post(rule());
    for (const same of [
      rule(),
      rule({ inactiveTimeOut: 10 }),
      rule({ probeTimeout: 5 }),
      rule({ name: 'n' }),
    ]) {
      const answer = await post(same);
      expect([answer.status, answer.body.result]).toEqual([409, 'lbrule-exists error']);
    }
  });

  it('replaces end points and keeps the counters of those that stay; name and monitor are never applied', async () => {
    await post(rule({ name: 'first' }));
    const next = rule(
      { name: 'second', monitor: true, inactiveTimeOut: 99 },
      { endpoints: [one('10.20.0.12', 8443, 5)] },
    );
    expect((await post(next)).status).toBe(200);
    const { serviceArguments, endpoints } = await only();
    expect(serviceArguments['name']).toBe('first');
    expect(serviceArguments['monitor']).toBeUndefined();
    expect(serviceArguments['inactiveTimeOut']).toBe(99);
    expect(endpoints).toHaveLength(1);
    expect(endpoints[0]?.['weight']).toBe(5);
  });

  it('may take an identical POST for a change while a removed end point lingers, once', async () => {
    await post(rule());
    const smaller = rule({}, { endpoints: [one('10.20.0.12')] });
    expect((await post(smaller)).status).toBe(200);
    expect((await post(smaller)).status).toBe(200);
    expect((await post(smaller)).status).toBe(409);
  });

  it('looks at security and proxy mode only when something else changed', async () => {
    await post(rule());
    expect((await post(rule({ security: 1 }))).body.result).toBe('lbrule-exists error');
    expect((await post(rule({ security: 1, sel: 1 }))).body.result).toContain('cant modify');
    expect((await post(rule({ mode: 4 }))).body.result).toContain('cant modify');
  });

  it('does not notice other prefixes of the same number, and always notices one unchanged source', async () => {
    const sources = (...prefixes: string[]) => ({ allowedSources: prefixes.map((prefix) => ({ prefix })) });
    await post(rule({}, sources('203.0.113.0/24', '192.0.2.0/24')));
    expect((await post(rule({}, sources('198.18.0.0/24', '192.0.2.0/24')))).status).toBe(409);
    await post(rule({ port: 80 }, sources('203.0.113.0/24')));
    expect((await post(rule({ port: 80 }, sources('203.0.113.0/24')))).status).toBe(200);
  });

  it('keeps secondary addresses for sctp only, and never changes them', async () => {
    const secondary = (secondaryIP: string) => ({ secondaryIPs: [{ secondaryIP }] });
    await post(rule({}, secondary('198.51.100.21')));
    expect((await only()).secondaryIPs).toBeNull();
    await post(rule({ protocol: 'sctp' }, secondary('198.51.100.21')));
    const answer = await post(rule({ protocol: 'sctp' }, secondary('198.51.100.22')));
    expect([answer.status, answer.body.result]).toEqual([500, 'secIP modify error']);
  });

  it('attaches, also to a rule that is missing, and detaches to the last', async () => {
    const attach = (...endpoints: unknown[]) => post(rule({ oper: 1 }, { endpoints }));
    const detach = (...endpoints: unknown[]) => post(rule({ oper: 2 }, { endpoints }));
    expect((await detach(one('10.20.0.11'))).status).toBe(404);
    expect((await attach(one('10.20.0.11'))).status).toBe(200);
    expect((await attach(one('10.20.0.13'))).status).toBe(200);
    expect((await only()).endpoints).toHaveLength(2);
    expect((await detach(one('10.20.0.99'))).status).toBe(409);
    expect((await detach(one('10.20.0.11'), one('10.20.0.13'))).status).toBe(200);
    expect(await all()).toEqual([]);
  });
});

describe('LoxiLB stand-in: deleting', () => {
  const tuple = '/externalipaddress/198.51.100.10/port/443';

  it('takes only the rule with exactly that host, range and block', async () => {
    await post(rule());
    await post(rule({ host: 'shop/a' }));
    await post(rule({ portMax: 450 }));
    await post(rule({ block: 7 }));
    const remove = (path: string) => node.call('DELETE', `/config/loadbalancer${path}`);
    expect((await remove(`${tuple}/protocol/tcp`)).status).toBe(200);
    expect(await all()).toHaveLength(3);
    const again = await remove(`${tuple}/protocol/tcp`);
    expect([again.status, again.body.result]).toEqual([404, 'no-rule error']);
    expect((await remove(`/hosturl/shop%2Fa${tuple}/protocol/tcp`)).status).toBe(200);
    expect((await remove(`/hosturl/any${tuple}/portmax/450/protocol/tcp`)).status).toBe(200);
    expect((await remove(`${tuple}/protocol/tcp?block=7&bgp=true`)).status).toBe(200);
    expect(await all()).toEqual([]);
  });

  it('by name says Success with or without a match', async () => {
    await post(rule({ name: 'a' }));
    await post(rule({ name: 'a', port: 80 }));
    for (const name of ['nobody', 'a']) {
      expect((await node.call('DELETE', `/config/loadbalancer/name/${name}`)).body).toEqual({
        result: 'Success',
      });
    }
    expect(await all()).toEqual([]);
  });

  it('has no verb for one rule', async () => {
    const answer = await node.call('GET', `/config/loadbalancer${tuple}/protocol/tcp`);
    expect([answer.status, answer.body.code]).toEqual([405, 405]);
  });
});

describe('LoxiLB stand-in: internal rules', () => {
  it('shows a source NAT of the firewall among the rules', async () => {
    await node.call('POST', '/config/firewall', {
      ruleArguments: { sourceIP: '10.1.0.0/24' },
      opts: { doSnat: true, toIP: '198.51.100.77', toPort: 0 },
    });
    const { serviceArguments } = await only();
    expect(serviceArguments).toMatchObject({
      externalIP: '0.0.0.0',
      port: 0,
      protocol: 'none',
      snat: true,
      name: 'snat:198.51.100.77:0',
    });
    expect(serviceArguments['block']).toBeGreaterThanOrEqual(0x8000_0000);
    await node.call('DELETE', '/config/firewall?sourceIP=10.1.0.0/24');
    expect(await all()).toEqual([]);
  });
});
