import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startControl } from './control.ts';
import type { LabModule } from './kit/module.ts';
import { startLabServer, type LabServer } from './kit/server.ts';
import { startLab, type Lab } from './lab.ts';

const stub: LabModule = {
  name: 'stub',
  start: async ({ world }) => ({
    servers: [
      await startLabServer({
        name: 'stub',
        handler: (_request, response) => void response.end(String(world.isInstanceUp('catalog-2'))),
      }),
    ],
    connections: [],
  }),
};

let lab: Lab;
let control: LabServer;
beforeEach(async () => {
  lab = await startLab({ modules: [stub], traffic: false });
  control = await startControl(lab, Date.now);
});
afterEach(async () => {
  await Promise.all([control.close(), lab.stop()]);
});

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(control.origin + path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const stubAnswers = async () => (await fetch(lab.servers.get('stub')!.origin)).text();

describe('the control API', () => {
  it('kills and restores an instance, seen by the servers', async () => {
    expect(await stubAnswers()).toBe('true');
    expect((await call('POST', '/instances/catalog-2/kill')).status).toBe(200);
    expect(await stubAnswers()).toBe('false');
    expect((await call('POST', '/instances/catalog-2/restore')).status).toBe(200);
    expect(await stubAnswers()).toBe('true');
  });

  it('stops a guest, and takes a host offline, with all that stands on them', async () => {
    await call('POST', '/guests/112/stop');
    expect(await stubAnswers()).toBe('false');
    await call('POST', '/guests/112/start');
    expect(await stubAnswers()).toBe('true');
    await call('POST', '/hosts/pve-2/offline');
    expect(await stubAnswers()).toBe('false');
    await call('POST', '/hosts/pve-2/online');
    expect(await stubAnswers()).toBe('true');
  });

  it('sets, lists and clears faults', async () => {
    expect((await call('PUT', '/faults/stub', { mode: 'down' })).status).toBe(200);
    await expect(stubAnswers()).rejects.toThrow('fetch failed');
    const { body } = await call('GET', '/');
    expect(body['servers']).toMatchObject([{ name: 'stub', fault: { mode: 'down' } }]);
    expect((await call('DELETE', '/faults')).status).toBe(200);
    expect(await stubAnswers()).toBe('true');
  });

  it.each([
    ['PUT', '/faults/nobody', { mode: 'down' }, 404, 'no server "nobody"'],
    ['PUT', '/faults/stub', { mode: 'explode' }, 400, 'no fault "explode"'],
    ['PUT', '/faults/stub', { mode: 'slow', ms: -1 }, 400, 'ms must be a number from 0 to 600000'],
    ['PUT', '/faults/stub', { mode: 'tls-expired' }, 409, 'stub has no TLS'],
    ['POST', '/instances/nobody/kill', undefined, 404, 'no instances "nobody"'],
    ['POST', '/instances/catalog-2/explode', undefined, 404, 'no such path'],
    ['POST', '/guests/900/start', undefined, 404, 'no guests "900"'],
  ])('%s %s %j → %i %s', async (method, path, body, status, error) => {
    expect(await call(method, path, body)).toEqual({ status, body: { error } });
  });

  it('refuses web pages', async () => {
    expect(
      await call('POST', '/instances/catalog-2/kill', undefined, { origin: 'http://evil.example' }),
    ).toMatchObject({ status: 403 });
    expect(await stubAnswers()).toBe('true');
  });
});
