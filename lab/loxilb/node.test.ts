import { afterEach, describe, expect, it, vi } from 'vitest';
import { scenario } from '../scenario.ts';
import type { LoxilbLabOptions } from './index.ts';
import { startTestNode, type RuleRow, type TestNode } from './test-node.ts';

const started: TestNode[] = [];
async function start(options?: LoxilbLabOptions): Promise<TestNode> {
  const node = await startTestNode(options);
  started.push(node);
  return node;
}
afterEach(async () => {
  await Promise.all(started.splice(0).map((node) => node.stop()));
});

const rulesOf = async (node: TestNode) => (await node.call('GET', '/config/loadbalancer/all')).body.lbAttr;

async function ruleNamed(node: TestNode, name: string): Promise<RuleRow> {
  const found = (await rulesOf(node)).find(({ serviceArguments }) => serviceArguments['name'] === name);
  if (!found) throw new Error(`no rule ${name}`);
  return found;
}

const endpointOf = async (node: TestNode, name: string, ip: string) =>
  (await ruleNamed(node, name)).endpoints.find(({ endpointIP }) => endpointIP === ip);
const stateOf = async (node: TestNode, name: string, ip: string) =>
  (await endpointOf(node, name, ip))?.['state'];
const counterOf = async (node: TestNode, name: string, ip: string) =>
  (await endpointOf(node, name, ip))?.['counter'];
const probeNamed = async (node: TestNode, name: string) =>
  (await node.call('GET', '/config/endpoint/all')).body.Attr.find((probe) => probe['name'] === name);

describe('LoxiLB stand-in: the scenario', () => {
  it('has its six virtual IPs as monitored rules over the instances of their services', async () => {
    const node = await start();
    const rules = await rulesOf(node);
    expect(rules).toHaveLength(scenario.virtualIps.length);
    for (const vip of scenario.virtualIps) {
      const found = await ruleNamed(node, vip.name);
      expect(found.serviceArguments).toMatchObject({
        port: vip.port,
        name: vip.name,
        monitor: true,
        probetype: 'tcp',
      });
      expect(
        found.endpoints
          .map(({ endpointIP, targetPort }) => `${String(endpointIP)}:${String(targetPort)}`)
          .sort(),
      ).toEqual(
        scenario.instances
          .filter(({ service }) => service === vip.service)
          .map(({ ip, port }) => `${ip}:${port}`)
          .sort(),
      );
    }
  });

  it('counts traffic as packets:bytes, and shows it in conntrack twice per connection', async () => {
    const node = await start();
    node.traffic(10);
    const { endpoints } = await ruleNamed(node, 'checkout');
    for (const { counter } of endpoints) expect(counter).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    const entries = (await node.call('GET', '/config/conntrack/all')).body.ctAttr;
    const checkout = entries.filter(({ servName }) => servName === 'checkout');
    const forward = checkout.filter(({ destinationPort }) => destinationPort === 443);
    expect(forward.length).toBeGreaterThan(0);
    expect(checkout.length).toBe(forward.length * 2);
    expect(forward[0]?.['conntrackAct']).toMatch(/^fdnat-10\.0\.0\.5,10\.1\.0\.1[12]:8080:w[01]$/);
    expect(forward[0]?.['conntrackState']).toBe('est');
  });

  it('gives a rule of its own no traffic, and a re-made one counters of zero', async () => {
    const node = await start();
    node.traffic(5);
    await node.call('DELETE', '/config/loadbalancer/name/web');
    await node.call('POST', '/config/loadbalancer', {
      serviceArguments: { externalIP: '10.0.0.8', port: 443, protocol: 'tcp', name: 'web' },
      endpoints: [{ endpointIP: '10.1.0.23', targetPort: 8080, weight: 1 }],
    });
    expect(await counterOf(node, 'web', '10.1.0.23')).toBe('0:0');
    node.traffic(5);
    expect(await counterOf(node, 'web', '10.1.0.23')).not.toBe('0:0');
  });

  it('shows ports and addresses of its guest, with virtual IPs on lo', async () => {
    const node = await start();
    const ports = (await node.call('GET', '/config/port/all')).body.portAttr;
    expect(ports.map(({ portName }) => String(portName)).sort((a, b) => (a < b ? -1 : 1))).toEqual([
      'eth0',
      'eth1',
      'lo',
    ]);
    const eth0 = ports.find(({ portName }) => portName === 'eth0');
    expect(eth0?.['portL3Information']).toMatchObject({ IPv4Address: ['10.1.0.2/24'], IPv6Address: [''] });
    expect(eth0?.['DataplaneSync']).toBeUndefined();
    const addresses = (await node.call('GET', '/config/ipv4address/all')).body.ipAttr;
    expect(addresses.find(({ dev }) => dev === 'lo')?.['ipAddress']).toContain('10.0.0.5/32');
    expect(addresses.find(({ dev }) => dev === 'eth1')?.['ipAddress']).toEqual(['10.0.0.2/24']);
  });

  it('is gone with its guest, and comes back with its rules and counters of zero', async () => {
    const node = await start();
    node.traffic(5);
    node.world.setGuestStatus(scenario.loadBalancerVmid, 'stopped', Date.now());
    await expect(node.call('GET', '/version')).rejects.toThrow();
    node.world.setGuestStatus(scenario.loadBalancerVmid, 'running', Date.now());
    expect(await counterOf(node, 'checkout', '10.1.0.11')).toBe('0:0');
  });
});

describe('LoxiLB stand-in: probes', () => {
  it('turns a killed instance inactive, sends its traffic to the others, and takes it back', async () => {
    const node = await start();
    expect(await stateOf(node, 'catalog', '10.1.0.22')).toBe('active');
    node.world.setProcess('catalog-2', 'killed');
    node.pass(2_000);
    await vi.waitFor(async () => expect(await stateOf(node, 'catalog', '10.1.0.22')).toBe('inactive'));
    expect((await probeNamed(node, '10.1.0.22_tcp_8080'))?.['currState']).toBe('nok');
    node.traffic(5);
    expect(await counterOf(node, 'catalog', '10.1.0.22')).toBe('0:0');
    expect(await counterOf(node, 'catalog', '10.1.0.21')).not.toBe('0:0');
    node.world.setProcess('catalog-2', 'up');
    node.pass(20_000);
    await vi.waitFor(async () => expect(await stateOf(node, 'catalog', '10.1.0.22')).toBe('active'));
  });

  it('tries an inactive host less and less often', async () => {
    const node = await start({ timing: { backoffStepMs: 20_000, backoffLimitMs: 180_000 } });
    node.world.setProcess('catalog-2', 'killed');
    node.pass(2_000);
    await vi.waitFor(async () => expect(await stateOf(node, 'catalog', '10.1.0.22')).toBe('inactive'));
    node.world.setProcess('catalog-2', 'up');
    node.world.setProcess('web-1', 'killed');
    node.pass(10_000);
    // The sweep that finds web-1 has passed catalog-2 by: it waits for 20 s.
    await vi.waitFor(async () => expect(await stateOf(node, 'web', '10.1.0.23')).toBe('inactive'));
    expect(await stateOf(node, 'catalog', '10.1.0.22')).toBe('inactive');
    node.pass(10_000);
    await vi.waitFor(async () => expect(await stateOf(node, 'catalog', '10.1.0.22')).toBe('active'));
  });

  it('forces a host down and back; one probe may feed several rules', async () => {
    const node = await start();
    const set = (body: unknown) => node.call('POST', '/config/endpointhoststate', body);
    expect((await set({ hostName: '10.1.0.22', epPort: 8080, state: 'red' })).status).toBe(400);
    expect((await set({ hostName: '10.1.0.222', state: 'red' })).status).toBe(404);
    expect((await set({ hostName: '10.1.0.22', state: 'purple' })).status).toBe(400);
    const red = await set({ hostName: '10.1.0.22', epPort: 8080, epProto: 'tcp', state: 'red' });
    expect(red.body).toEqual({ result: 'Success' });
    expect(await stateOf(node, 'catalog', '10.1.0.22')).toBe('inactive');
    expect((await probeNamed(node, '10.1.0.22_tcp_8080'))?.['currState']).toBe('red');
    await set({ hostName: '10.1.0.22', state: 'green' });
    expect(await stateOf(node, 'catalog', '10.1.0.22')).toBe('active');
  });

  it('keeps a probe that a rule uses, and follows the rules', async () => {
    const node = await start();
    const remove = (query: string) => node.call('DELETE', `/config/endpoint/epipaddress/10.1.0.22?${query}`);
    const referred = await remove('probe_type=tcp&probe_port=8080');
    expect([referred.status, referred.body.result]).toEqual([409, 'LB rule-referred error']);
    await node.call('DELETE', '/config/loadbalancer/name/catalog');
    expect(await probeNamed(node, '10.1.0.22_tcp_8080')).toBeUndefined();
    expect((await remove('probe_type=tcp&probe_port=8080')).status).toBe(404);
  });

  it('takes probes of operators: plain addresses with a type, ping with delays', async () => {
    const node = await start();
    const put = (body: unknown) => node.call('POST', '/config/endpoint', body);
    expect((await put({ hostName: '10.1.0.0/24', probeType: 'ping' })).status).toBe(400);
    expect((await put({ hostName: '10.1.0.21' })).status).toBe(400);
    expect((await put({ hostName: '10.1.0.21', probeType: 'tcp' })).status).toBe(400);
    expect((await put({ probeType: 'ping' })).body.code).toBe(602);
    expect((await put({ hostName: '10.1.0.21', probeType: 'ping', inactiveReTries: 3 })).status).toBe(200);
    const probe = await vi.waitFor(async () => {
      const found = await probeNamed(node, '10.1.0.21_ping_0');
      expect(found?.['avgDelay']).toBeDefined();
      return found;
    });
    expect(probe?.['avgDelay']).toMatch(/^\d+(\.\d+)?(µs|ms)$/);
    expect(probe).toMatchObject({ hostName: '10.1.0.21', inactiveReTries: 3, currState: 'ok' });
    expect(probe?.['probePort']).toBeUndefined();
    expect((await node.call('DELETE', '/config/endpoint/epipaddress/10.1.0.21?probe_type=ping')).status).toBe(
      200,
    );
  });
});

describe('LoxiLB stand-in: the framework', () => {
  it('tells unknown paths, verbs, media types and what is not registered apart', async () => {
    const node = await start();
    const unknown = await node.call('GET', '/config/nothing');
    expect([unknown.status, unknown.body]).toEqual([
      404,
      { code: 404, message: 'path /netlox/v1/config/nothing was not found' },
    ]);
    expect((await node.call('PATCH', '/config/loadbalancer')).status).toBe(405);
    const xml = await node.call('POST', '/config/params', '<x/>', { 'content-type': 'text/xml' });
    expect([xml.status, xml.body.code]).toEqual([415, 415]);
    const accept = await node.call('GET', '/version', undefined, { accept: 'text/html' });
    expect(accept.status).toBe(406);
    const login = await node.call('POST', '/auth/login', { username: 'a', password: 'b' });
    expect(login.status).toBe(501);
    expect(login.headers.get('content-type')).toContain('text/plain');
    expect((await node.call('GET', '/oauth/google')).status).toBe(501);
  });

  it('answers OPTIONS before it looks at credentials', async () => {
    const node = await start({ auth: { mode: 'manualtoken', token: 'secret' } });
    const answer = await node.call('OPTIONS', '/config/loadbalancer/all');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('access-control-allow-methods')).toContain('DELETE');
  });

  it('wants the raw token and calls a wrong one a server error', async () => {
    const node = await start({ auth: { mode: 'manualtoken', token: 'secret' } });
    const get = (path: string, authorization?: string) =>
      node.call('GET', path, undefined, authorization === undefined ? {} : { authorization });
    expect((await get('/config/loadbalancer/all', 'secret')).status).toBe(200);
    for (const wrong of [undefined, 'Bearer secret', 'other']) {
      const answer = await get('/config/loadbalancer/all', wrong);
      expect([answer.status, answer.body]).toEqual([500, { code: 500, message: 'invalid token' }]);
    }
    expect((await get('/version')).body.version).toBe('0.9.8.8');
    expect((await get('/meta')).status).toBe(200);
    expect((await get('/metrics')).status).toBe(500);
  });

  it('logs users in: 200 without a token is a wrong password', async () => {
    const users = [
      { username: 'ops', password: 'Corr3ct-horse', role: 'admin' as const },
      { username: 'eye', password: 'Looks-0nly!', role: 'viewer' as const },
    ];
    const node = await start({ auth: { mode: 'userservice', users, refusalDelayMs: 1 } });
    const login = (username: string, password: string) =>
      node.call('POST', '/auth/login', { username, password });
    expect(await login('ops', 'wrong')).toMatchObject({ status: 200, body: {} });
    expect((await login('nobody', 'x')).status).toBe(404);
    const { token } = (await login('eye', 'Looks-0nly!')).body;
    expect(token.split('.')).toHaveLength(3);
    const headers = { authorization: token };
    expect((await node.call('GET', '/config/port/all', undefined, headers)).status).toBe(200);
    const denied = await node.call('DELETE', '/config/loadbalancer/all', undefined, headers);
    expect([denied.status, denied.body.message]).toEqual([403, 'Permission denied']);
    expect((await node.call('GET', '/config/port/all')).status).toBe(401);
    const bad = await node.call('GET', '/config/port/all', undefined, { authorization: `Bearer ${token}` });
    expect([bad.status, bad.body.message]).toEqual([500, 'Token not found']);
    const listed = await node.call('GET', '/auth/users', undefined, headers);
    expect(JSON.parse(listed.text)[0]).not.toHaveProperty('role');
    expect((await node.call('POST', '/auth/logout', undefined, headers)).text).toBe('');
    expect((await node.call('GET', '/config/port/all', undefined, headers)).status).toBe(500);
  });

  it('ends a token after a day', async () => {
    const users = [{ username: 'ops', password: 'Corr3ct-horse', role: 'admin' as const }];
    const node = await start({ auth: { mode: 'userservice', users, refusalDelayMs: 1 } });
    const answer = await node.call('POST', '/auth/login', { username: 'ops', password: 'Corr3ct-horse' });
    const headers = { authorization: answer.body.token };
    node.pass(23 * 3_600_000);
    expect((await node.call('GET', '/config/port/all', undefined, headers)).status).toBe(200);
    node.pass(2 * 3_600_000);
    expect((await node.call('GET', '/config/port/all', undefined, headers)).status).toBe(500);
  });
});

describe('LoxiLB stand-in: state, status and metrics', () => {
  it('tells the HA state with a null sync, and takes the five states', async () => {
    const node = await start();
    const read = async () => (await node.call('GET', '/config/cistate/all')).body;
    expect(await read()).toEqual({
      Attr: [{ instance: 'llb-inst0', state: 'MASTER', vip: '10.0.0.2', sync: null }],
    });
    const set = (state: string, vip = '') =>
      node.call('POST', '/config/cistate', { instance: 'llb-inst0', state, vip });
    expect((await set('LEADER')).status).toBe(400);
    await set('MASTER', '10.9.9.9');
    expect((await read()).Attr[0]?.['vip']).toBe('10.0.0.2');
    await set('BACKUP', '10.9.9.9');
    expect((await read()).Attr[0]).toMatchObject({ state: 'BACKUP', vip: '10.9.9.9' });
  });

  it('answers the rest of the read API', async () => {
    const node = await start();
    const wrappers: Record<string, string> = {
      '/config/route/all': 'routeAttr',
      '/config/neighbor/all': 'neighborAttr',
      '/config/fdb/all': 'fdbAttr',
      '/config/vlan/all': 'vlanAttr',
      '/config/tunnel/vxlan/all': 'vxlanAttr',
      '/config/session/all': 'sessionAttr',
      '/config/sessionulcl/all': 'ulclAttr',
      '/config/policy/all': 'polAttr',
      '/config/mirror/all': 'mirrAttr',
      '/config/firewall/all': 'fwAttr',
      '/status/process': 'processAttr',
      '/status/filesystem': 'filesystemAttr',
    };
    for (const [path, wrapper] of Object.entries(wrappers)) {
      const answer = await node.call('GET', path);
      expect([path, answer.status, Object.keys(answer.body)]).toEqual([path, 200, [wrapper]]);
      expect(Array.isArray(answer.body[wrapper])).toBe(true);
    }
    expect((await node.call('GET', '/status/device')).body['hostName']).toBe('lb-1\n');
    expect((await node.call('GET', '/config/params')).body).toEqual({ logLevel: 'debug' });
    expect((await node.call('POST', '/config/params', { logLevel: 'loud' })).body.code).toBe(606);
    expect((await node.call('GET', '/config/bfd/all')).status).toBe(500);
    const bgp = await node.call('GET', '/config/bgp/neigh/all');
    expect([bgp.status, bgp.body.message]).toEqual([403, 'Capacity insufficient']);
    expect(
      (await node.call('GET', '/config/export')).body.loadbalancer[0]?.serviceArguments.inactiveTimeout,
    ).toBe(240);
    expect((await node.call('GET', '/config/cors/all')).body).toEqual({ corsAttr: ['*'] });
    expect((await node.call('GET', '/meta')).body['/config/endpoint']).toMatchObject({
      method: 'POST',
      fields: { hostName: { type: 'string', required: true } },
    });
    expect((await node.call('GET', '/logs?lines=1')).body.logs).toHaveLength(1);
    expect((await node.call('GET', '/log-archives/..%2Fpasswd')).status).toBe(400);
    expect((await node.call('GET', '/log-archives/none.log')).status).toBe(500);
    const graph = (await node.call('GET', '/nodegraph/checkout')).body;
    expect(graph['schemaVersion']).toBe(37);
    expect(graph.nodes.map(({ color }) => color)).toContain('blue');
  });

  it('fails to change addresses with status 200', async () => {
    const node = await start();
    const add = (dev: string) => node.call('POST', '/config/ipv4address', { dev, ipAddress: '10.1.0.3/24' });
    expect((await add('eth9')).body).toEqual({ result: 'fail' });
    expect((await add('eth0')).body).toEqual({ result: 'Success' });
    expect((await node.call('DELETE', '/config/ipv4address/10.1.0.3/24/dev/eth0')).body).toEqual({
      result: 'Success',
    });
  });

  it('has legacy metrics only, samples them every 10 s, and hides them behind a switch', async () => {
    const node = await start();
    const first = await node.call('GET', '/metrics');
    expect(first.headers.get('content-type')).toContain('text/plain');
    expect(first.text).toContain('\nlb_rule_count 6\n');
    expect(first.text).not.toContain('loxilb_lb_rules');
    node.traffic(5);
    expect((await node.call('GET', '/metrics')).text).toBe(first.text);
    node.pass(10_000);
    expect((await node.call('GET', '/metrics')).text).not.toBe(first.text);
    expect((await node.call('GET', '/metrics/lbrulecount')).body).toEqual({ lb_rule_count: 6 });
    expect((await node.call('GET', '/metrics/newflowcount')).body).toEqual({});
    expect((await node.call('GET', '/metrics/fwdrops')).status).toBe(500);
    expect((await node.call('POST', '/config/metrics')).body.result).toBe('Prometheus is already enabled.');
    await node.call('DELETE', '/config/metrics');
    const off = await node.call('GET', '/metrics');
    expect([off.status, typeof off.body]).toEqual([200, 'string']);
  });

  it('cannot read back or remove firewall ranges', async () => {
    const node = await start();
    const add = (ruleArguments: unknown, opts: unknown = { drop: true }) =>
      node.call('POST', '/config/firewall', { ruleArguments, opts });
    await add({ minSourcePort: 10, maxSourcePort: 20, preference: 1 });
    const [rule] = (await node.call('GET', '/config/firewall/all')).body.fwAttr;
    expect(rule?.ruleArguments['minSourcePort']).toBe(20);
    expect(rule?.ruleArguments['maxSourcePort']).toBeUndefined();
    const remove = (query: string) => node.call('DELETE', `/config/firewall?${query}`);
    expect((await remove('minSourcePort=20&preference=1')).status).toBe(404);
    expect((await remove('minSourcePort=10&maxSourcePort=20&preference=1')).status).toBe(200);
    await add({ minSourcePort: 7 });
    expect((await add({ minDestinationPort: 7 })).body.result).toBe('fwrule-exists error');
  });
});

describe('LoxiLB stand-in: versions', () => {
  it('0.9.8.4 tells failures with status 200', async () => {
    const node = await start({ profile: '0.9.8.4' });
    expect((await node.call('GET', '/version')).body.version).toBe('0.9.8.4');
    const answer = await node.call(
      'DELETE',
      '/config/loadbalancer/externalipaddress/1.2.3.4/port/1/protocol/tcp',
    );
    expect([answer.status, answer.body]).toEqual([200, { result: 'no-rule error' }]);
    expect((await node.call('GET', '/config/bfd/all')).body).toEqual({ result: 'bfd session not running' });
    expect((await node.call('GET', '/config/export')).status).toBe(404);
  });

  it('0.9.7 has no version, logs, users or newer fields', async () => {
    const node = await start({ profile: '0.9.7' });
    for (const path of [
      '/version',
      '/meta',
      '/logs',
      '/auth/users',
      '/metrics/hostcount',
      '/nodegraph/all',
    ]) {
      expect([path, (await node.call('GET', path)).status]).toEqual([path, 404]);
    }
    expect((await rulesOf(node))[0]).not.toHaveProperty('allowedSources');
  });

  it('a later build pages its log, and says with a status that metrics are off', async () => {
    const node = await start({ profile: 'head' });
    for (let turn = 0; turn < 3; turn++) await node.call('DELETE', '/config/loadbalancer/name/none');
    await node.call('POST', '/config/endpointhoststate', { hostName: '10.1.0.22', state: 'red' });
    const page = (await node.call('GET', '/logs?lines=1')).body;
    expect(page).toMatchObject({ log_count: 1, has_more: true });
    const next = (await node.call('GET', `/logs?lines=1&cursor=${page.next_cursor}`)).body;
    expect(next.logs[0]).not.toBe(page.logs[0]);
    expect(next.has_more).toBe(false);
    expect((await node.call('GET', '/logs?cursor=zz')).status).toBe(400);
    expect((await node.call('GET', '/metrics')).text).toContain('\nloxilb_lb_rules 6\n');
    await node.call('DELETE', '/config/metrics');
    expect((await node.call('GET', '/metrics')).status).toBe(503);
  });
});
