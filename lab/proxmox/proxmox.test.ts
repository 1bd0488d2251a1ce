import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestApi } from './testing/api.ts';

interface Row {
  readonly id: string;
  readonly type: string;
  readonly vmid?: number;
  readonly node?: string;
  readonly status?: string;
  readonly [key: string]: unknown;
}

let api: TestApi;
beforeEach(async () => {
  api = await TestApi.start();
});
afterEach(() => api.lab.stop());

describe('transport', () => {
  it('answers 501 to a body on GET and DELETE, to chunked bodies and to other methods', async () => {
    const body = await api.raw('/api2/json/version', { method: 'DELETE', form: { a: 1 } });
    expect([body.status, body.reason]).toEqual([501, "Unexpected content for method 'DELETE'"]);
    const chunked = await api.raw('/api2/json/access/ticket', {
      method: 'POST',
      headers: { 'transfer-encoding': 'chunked' },
    });
    expect(chunked.status).toBe(501);
    expect((await api.raw('/api2/json/version', { method: 'PATCH' })).status).toBe(501);
  });

  it('answers 501 to unknown calls and formatters, 506 to unknown content types', async () => {
    const unknown = await api.raw('/api2/json/nodes/pve-1/teleport');
    expect([unknown.status, unknown.reason]).toEqual([
      501,
      "Method 'GET /nodes/pve-1/teleport' not implemented",
    ]);
    expect((await api.raw('/api2/xml/version')).status).toBe(501);
    const xml = await api.raw('/api2/json/nodes/pve-1/lxc/101/config', {
      method: 'PUT',
      body: '<a/>',
      headers: { 'content-type': 'text/xml' },
    });
    expect(xml.status).toBe(506);
  });

  it('closes the connection after an error, and compresses long bodies for those who can read them', async () => {
    const refused = await api.raw('/api2/json/nodes/pve-1/lxc/999/config');
    expect(refused.headers['connection']).toBe('close');
    const packed = await api.raw('/api2/json/cluster/resources', { headers: { 'accept-encoding': 'gzip' } });
    expect(packed.headers['content-encoding']).toBe('gzip');
  });

  it('puts the message into the reason phrase and the body, and all of it into extjs with status 200', async () => {
    const json = await api.raw('/api2/json/nodes/pve-1/lxc/999/config');
    const text = "Configuration file 'nodes/pve-1/lxc/999.conf' does not exist";
    expect([json.status, json.reason]).toEqual([500, text]);
    expect(JSON.parse(json.text)).toEqual({ data: null, message: `${text}\n` });
    const ext = await api.raw('/api2/extjs/nodes/pve-1/lxc/999/config');
    expect(ext.status).toBe(200);
    expect(JSON.parse(ext.text)).toMatchObject({ success: 0, status: 500, message: `${text}\n`, data: null });
    const good = await api.raw('/api2/extjs/version');
    expect(JSON.parse(good.text)).toMatchObject({ success: 1, data: { release: '9.1' } });
  });

  it('checks parameters with a text each', async () => {
    const answer = await api.raw('/api2/json/nodes/pve-1/lxc/101/status/shutdown', {
      method: 'POST',
      form: { timeout: 'soon', colour: 'red' },
    });
    expect([answer.status, answer.reason]).toEqual([400, 'Parameter verification failed.']);
    expect(JSON.parse(answer.text)).toMatchObject({
      data: null,
      errors: {
        timeout: "type check ('integer') failed - got 'soon'",
        colour: 'property is not defined in schema and the schema does not allow additional properties',
      },
    });
    const missing = await api.envelope('/nodes/pve-1/lxc/101/migrate', { method: 'POST', form: {} });
    expect(missing.errors).toEqual({ target: 'property is missing and it is not optional' });
    const range = await api.envelope('/nodes/pve-1/lxc/101/config', { method: 'PUT', form: { memory: 4 } });
    expect(range.errors).toEqual({ memory: 'value must have a minimum value of 16' });
  });

  it('answers 595 without JSON for a node that cannot be reached, and for a call that only it can answer', async () => {
    api.lab.world.setHostOnline('pve-2', false);
    const answer = await api.raw('/api2/json/nodes/pve-2/lxc/102/interfaces');
    expect([answer.status, answer.text]).toEqual([595, '']);
    // Statistics are not forwarded: every member has them.
    expect((await api.raw('/api2/json/nodes/pve-2/lxc/102/rrddata?timeframe=hour')).status).toBe(200);
  });
});

describe('credentials', () => {
  it('refuses with 401 and the reason, never with JSON', async () => {
    const refusals = [
      [undefined, 'No ticket'],
      ['PVEAPIToken=gantry@pve!console=00000000-0000-0000-0000-000000000000', 'invalid token value!'],
      ['PVEAPIToken=gantry@pve!other=x', "no such token 'other' for user 'gantry@pve'"],
      ['PVEAPIToken=nobody@pve!t=x', "no such user ('nobody@pve')"],
    ] as const;
    for (const [authorization, reason] of refusals) {
      const answer = await api.raw('/api2/json/version', { headers: { authorization } });
      expect([answer.status, answer.reason, answer.text]).toEqual([401, reason, '']);
    }
  });

  it('takes a token with a space after its scheme', async () => {
    const answer = await api.raw('/api2/json/version', {
      headers: { authorization: `PVEAPIToken ${api.token}` },
    });
    expect(answer.status).toBe(200);
  });

  it('gives tickets, wants the CSRF token for writes, and renews by ticket', async () => {
    const password = api.proxmox.cluster.access.users.get('gantry@pve')?.password ?? '';
    const form = { username: 'gantry', realm: 'pve', password };
    const session = await api.post<{ ticket: string; CSRFPreventionToken: string; cap: object }>(
      '/access/ticket',
      form,
    );
    expect(session.ticket).toMatch(/^PVE:gantry@pve:[0-9A-F]{8}::/);
    expect(session.cap).toMatchObject({ vms: { 'VM.PowerMgmt': 1 } });
    const cookie = {
      authorization: undefined,
      cookie: `PVEAuthCookie=${encodeURIComponent(session.ticket)}`,
    };
    expect((await api.raw('/api2/json/version', { headers: cookie })).status).toBe(200);
    const write = { method: 'PUT', form: { description: 'x' }, headers: cookie };
    const without = await api.raw('/api2/json/nodes/pve-1/lxc/101/config', write);
    expect([without.status, without.reason]).toEqual([401, 'Permission denied - invalid csrf token']);
    const withToken = await api.raw('/api2/json/nodes/pve-1/lxc/101/config', {
      ...write,
      headers: { ...cookie, csrfpreventiontoken: session.CSRFPreventionToken },
    });
    expect(withToken.status).toBe(200);
    const renewed = await api.post<{ username: string }>('/access/ticket', {
      username: 'gantry@pve',
      password: session.ticket,
    });
    expect(renewed.username).toBe('gantry@pve');
    const wrong = await api.raw('/api2/json/access/ticket', {
      method: 'POST',
      form: { username: 'gantry@pve', password: 'wrong' },
    });
    expect([wrong.status, wrong.reason]).toEqual([401, 'authentication failure']);
  });

  it('shows a limited user only its guests, and names the missing privilege', async () => {
    api.token = api.proxmox.cluster.access.tokenText('shop@pve', 'ops');
    const rows = await api.data<Row[]>('/cluster/resources?type=vm');
    expect(rows.map((row) => row.vmid).sort((a, b) => Number(a) - Number(b))).toEqual([101, 102, 111, 112]);
    const status = await api.raw('/api2/json/cluster/status');
    expect([status.status, status.reason]).toEqual([403, 'Permission check failed (/, Sys.Audit)']);
    const foreign = await api.raw('/api2/json/nodes/pve-2/qemu/120/status/stop', {
      method: 'POST',
      form: {},
    });
    expect(foreign.reason).toBe('Permission check failed (/vms/120, VM.PowerMgmt)');
    const snapshot = await api.raw('/api2/json/nodes/pve-1/lxc/101/snapshot', {
      method: 'POST',
      form: { snapname: 'before' },
    });
    expect(snapshot.reason).toBe('Permission check failed (/vms/101, VM.Snapshot)');
    expect(await api.data('/access/permissions')).toMatchObject({ '/pool/shop': { 'VM.Audit': 1 } });
  });

  it('gives a separated token only what both it and its user have', async () => {
    api.token = api.proxmox.cluster.access.tokenText('auditor@pve', 'shop');
    expect(await api.data<Row[]>('/cluster/resources?type=vm')).toHaveLength(4);
    const stop = await api.raw('/api2/json/nodes/pve-1/lxc/101/status/stop', { method: 'POST', form: {} });
    expect(stop.status).toBe(403);
  });
});

describe('the cluster', () => {
  it('lists everything in one call, shared storage once per node, in no order', async () => {
    const rows = await api.data<Row[]>('/cluster/resources');
    const count = (type: string) => rows.filter((row) => row.type === type).length;
    expect([count('node'), count('lxc') + count('qemu'), count('storage')]).toEqual([3, 30, 9]);
    expect(rows.filter((row) => row['storage'] === 'nfs-shared')).toHaveLength(3);
    expect(count('pool')).toBeGreaterThan(0);
    const again = await api.data<Row[]>('/cluster/resources');
    expect(again.map((row) => row.id)).not.toEqual(rows.map((row) => row.id));
    const vm = rows.find((row) => row.id === 'qemu/120');
    expect(vm).toMatchObject({
      vmid: 120,
      node: 'pve-2',
      name: 'payments-a',
      status: 'running',
      disk: 0,
      template: 0,
    });
    expect(rows.find((row) => row.id === 'lxc/101')).not.toHaveProperty('hastate');
    expect(rows.find((row) => row.id === 'qemu/130')).toMatchObject({ hastate: 'started' });
  });

  it('says unknown for what runs on a silent node, and has no numbers for it', async () => {
    api.lab.world.setHostOnline('pve-3', false);
    const rows = await api.data<Row[]>('/cluster/resources');
    expect(rows.find((row) => row.id === 'node/pve-3')).toMatchObject({ status: 'offline' });
    expect(rows.find((row) => row.id === 'lxc/115')).toMatchObject({ status: 'unknown' });
    expect(rows.find((row) => row.id === 'lxc/115')).not.toHaveProperty('uptime');
    const status = await api.data<Row[]>('/cluster/status');
    expect(status.find((row) => row.type === 'cluster')).toMatchObject({ nodes: 3, quorate: 1 });
    expect(status.find((row) => row.id === 'node/pve-3')).toMatchObject({ ip: '10.2.0.13', online: 0 });
    api.lab.world.setHostOnline('pve-2', false);
    const write = await api.raw('/api2/json/nodes/pve-1/lxc/101/status/stop', { method: 'POST', form: {} });
    expect(write.reason).toBe('cluster not ready - no quorum?');
  });

  it('tells a free id as text, and refuses a taken one with 400', async () => {
    expect(await api.data('/cluster/nextid')).toBe('103');
    const taken = await api.raw('/api2/json/cluster/nextid?vmid=101');
    expect(taken.status).toBe(400);
    expect(JSON.parse(taken.text)).toMatchObject({ errors: { vmid: 'VM 101 already exists' } });
  });

  it('has statistics with gaps, newest last', async () => {
    const rows = await api.data<{ time: number; cpu?: number }[]>('/nodes/pve-1/rrddata?timeframe=day');
    expect(rows).toHaveLength(1_440);
    expect((rows[1]?.time ?? 0) - (rows[0]?.time ?? 0)).toBe(60);
    expect(rows.some((row) => row.cpu === undefined)).toBe(true);
  });

  it('speaks of numbers as text where the real one does', async () => {
    const node = await api.data<{ loadavg: unknown[] }>('/nodes/pve-1/status');
    expect(node.loadavg.every((value) => typeof value === 'string')).toBe(true);
    const vm = await api.data<{ memory: unknown }>('/nodes/pve-2/qemu/120/config');
    expect(vm.memory).toBe('8192');
    const ct = await api.data<{ pressurecpusome: unknown }>('/nodes/pve-1/lxc/101/status/current');
    expect(typeof ct.pressurecpusome).toBe('string');
  });
});

describe('addresses', () => {
  it('come from a running container, and are null for a stopped one', async () => {
    const rows = await api.data<{ name: string; inet?: string }[]>('/nodes/pve-1/lxc/100/interfaces');
    expect(rows.map(({ name, inet }) => [name, inet])).toEqual([
      ['lo', '127.0.0.1/8'],
      ['eth0', '10.1.0.2/24'],
      ['eth1', '10.0.0.2/24'],
    ]);
    api.lab.world.setGuestStatus(100, 'stopped', Date.now());
    expect(await api.data('/nodes/pve-1/lxc/100/interfaces')).toBeNull();
  });

  it('come from the agent of a virtual machine, in `result`, or not at all', async () => {
    const path = '/nodes/pve-2/qemu/120/agent/network-get-interfaces';
    expect(await api.data(path)).toMatchObject({
      result: [
        { 'ip-addresses': [{ 'ip-address': '10.1.0.31', 'ip-address-type': 'ipv4', prefix: 24 }] },
        { name: 'lo' },
      ],
    });
    const silent = await api.raw('/api2/json/nodes/pve-3/qemu/131/agent/network-get-interfaces');
    expect([silent.status, silent.reason]).toEqual([500, 'QEMU guest agent is not running']);
    const off = await api.raw('/api2/json/nodes/pve-3/qemu/190/agent/network-get-interfaces');
    expect(off.reason).toBe('VM 190 is not running');
    api.lab.world.setGuestStatus(190, 'running', Date.now());
    const none = await api.raw('/api2/json/nodes/pve-3/qemu/190/agent/network-get-interfaces');
    expect(none.reason).toBe('No QEMU guest agent configured');
  });
});
