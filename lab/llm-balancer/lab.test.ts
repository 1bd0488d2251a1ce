import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startLab, type Lab } from '../lab.ts';
import { llmBehaviour } from '../llm-endpoints/behaviour.ts';
import { llmEndpointsLab } from '../llm-endpoints/index.ts';
import type { LabModule } from '../kit/module.ts';
import { llmBalancerLab, makeLlmBalancerLab } from './index.ts';
import { until } from './testing/balancer.ts';

const labs: Lab[] = [];
afterEach(async () => {
  await Promise.all(labs.splice(0).map((lab) => lab.stop()));
});

async function start(balancer: LabModule = llmBalancerLab, traffic = false): Promise<Lab> {
  const lab = await startLab({ modules: [llmEndpointsLab, balancer], traffic });
  for (const { name } of lab.world.scenario.llmEndpoints) llmBehaviour(lab.world, name).latencyMs = 1;
  labs.push(lab);
  return lab;
}

interface State {
  endpoints: { name: string; connected: boolean; total_requests: number; total_failures: number }[];
  client_tokens: { name: string; total_requests: number }[];
  stats: { total_requests_served: number };
}

function connectionOf(lab: Lab) {
  const [connection] = lab.connections;
  if (connection?.auth?.type !== 'token') throw new Error('the lab has no LLM connection');
  return { id: connection.id, url: connection.url, token: connection.auth.token };
}

async function stateOf(lab: Lab): Promise<State> {
  const { url, token } = connectionOf(lab);
  const answer = await fetch(`${url}/admin/api/state`, { headers: { 'x-admin-token': token } });
  return (await answer.json()) as State;
}

describe('the lab’s balancer', () => {
  it('starts as the scenario has it, with a strong random admin token', async () => {
    const lab = await start();
    const state = await stateOf(lab);
    expect(connectionOf(lab)).toMatchObject({ id: 'llm' });
    expect(connectionOf(lab).token.length).toBeGreaterThanOrEqual(16);
    expect(connectionOf(await start()).token).not.toBe(connectionOf(lab).token);
    expect(state).toMatchObject({
      routing_mode: 'percentage',
      endpoints: lab.world.scenario.llmEndpoints.map((spec) => ({
        name: spec.name,
        base_url: `http://${spec.ip}:8000/v1`,
        connected: true,
        token_quota_percent: spec.quotaPercent,
        priority_order: spec.priority,
      })),
    });
    expect(state.client_tokens).toHaveLength(3);
  });

  it('carries traffic of all three clients to all four endpoints, and no admin call', async () => {
    const lab = await start(makeLlmBalancerLab({ requestsPerSecond: 40 }), true);
    await until('every endpoint and client has traffic', async () => {
      const { endpoints, client_tokens } = await stateOf(lab);
      return [...endpoints, ...client_tokens].every((row) => row.total_requests > 0);
    });
    expect((await stateOf(lab)).endpoints.every((row) => row.total_failures === 0)).toBe(true);
  });

  it('an endpoint whose process is killed refuses connections, and answers again when it is back', async () => {
    const lab = await start();
    const server = lab.servers.get('llm-a');
    const alive = () =>
      fetch(`${server?.origin}/v1/models`).then(
        (answer) => answer.status === 401,
        () => false,
      );
    expect(await alive()).toBe(true);
    lab.world.setProcess('llm-models-1', 'killed');
    await until('it is down', async () => !(await alive()));
    expect(server?.fault).toEqual({ mode: 'none' });
    await server?.setFault({ mode: 'error' });
    expect(await alive()).toBe(false);
    await server?.setFault({ mode: 'none' });
    lab.world.setProcess('llm-models-1', 'up');
    await until('it is back', alive);
    lab.world.setGuestStatus(150, 'stopped', 0);
    await until('it is down with its guest', async () => !(await alive()));
  });

  it('the balancer goes down with its guest, and comes back without what it only had in memory', async () => {
    const lab = await start();
    expect(await chatStatus(lab)).toBe(200);
    lab.world.setGuestStatus(140, 'stopped', 0);
    await until('it refuses', () =>
      stateOf(lab).then(
        () => false,
        () => true,
      ),
    );
    lab.world.setGuestStatus(140, 'running', 0);
    await until('it answers', () =>
      stateOf(lab).then(
        () => true,
        () => false,
      ),
    );
    const state = await stateOf(lab);
    expect(state.stats.total_requests_served).toBe(0);
    expect(state.endpoints.reduce((sum, row) => sum + row.total_requests, 0)).toBe(1);
  });

  it('keeps its database in a file when asked to', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-llm-'));
    try {
      const databaseFile = join(folder, 'balancer.json');
      const first = await start(makeLlmBalancerLab({ databaseFile }));
      const { url, token } = connectionOf(first);
      await fetch(`${url}/admin/api/endpoints/1`, {
        method: 'PATCH',
        headers: { 'x-admin-token': token },
        body: '{"connected":false}',
      });
      await first.stop();
      expect(statSync(databaseFile).mode & 0o777).toBe(0o600);
      expect(JSON.parse(readFileSync(databaseFile, 'utf8'))).toMatchObject({
        endpoints: [{ connected: false }, {}, {}, {}],
      });
      const second = await start(makeLlmBalancerLab({ databaseFile }));
      expect((await stateOf(second)).endpoints.map((row) => row.connected)).toEqual([
        false,
        true,
        true,
        true,
      ]);
      expect(await chatStatus(second)).toBe(200);
    } finally {
      await Promise.all(labs.splice(0).map((lab) => lab.stop()));
      rmSync(folder, { recursive: true });
    }
  });
});

/** Status of a chat request with the first client's token. */
async function chatStatus(lab: Lab): Promise<number> {
  const { url, token } = connectionOf(lab);
  const list = await fetch(`${url}/admin/api/tokens`, { headers: { 'x-admin-token': token } });
  const [client] = (await list.json()) as { token: string }[];
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${client?.token}` },
    body: JSON.stringify({ model: 'm-large', messages: [{ role: 'user', content: 'x' }] }),
  });
  await answer.text();
  return answer.status;
}
