import { llmBehaviour } from '../llm-endpoints/behaviour.ts';
import type { LabWorld } from '../kit/world.ts';
import { BalancerStore } from './store.ts';

const ENDPOINT_TIMEOUT_SECONDS = 10;
const MAX_CONCURRENT = 8;

/** Endpoints get new keys with every lab: writes them into a database that was saved by an earlier one. */
export function renewApiKeys(world: LabWorld, store: BalancerStore): void {
  for (const { name, ip, port } of world.scenario.llmEndpoints) {
    const row = store.endpoints.find((endpoint) => endpoint.base_url === `http://${ip}:${port}/v1`);
    if (row) store.patchEndpoint(row.id, { api_key: llmBehaviour(world, name).apiKey });
  }
}

/** The balancer as an operator of the scenario left it: all endpoints wired with their quotas, three clients. */
export function seededStore(world: LabWorld, now: () => number): BalancerStore {
  const store = new BalancerStore(now);
  world.scenario.llmEndpoints.forEach((spec, n) => {
    store.createEndpoint({
      name: spec.name,
      base_url: `http://${spec.ip}:${spec.port}/v1`,
      api_key: llmBehaviour(world, spec.name).apiKey,
      timeout_seconds: ENDPOINT_TIMEOUT_SECONDS,
      connected: true,
      token_quota_percent: spec.quotaPercent,
      priority_order: spec.priority,
      max_concurrent: MAX_CONCURRENT,
      pos_x: 620,
      pos_y: 80 + 160 * n,
    });
  });
  const clients: readonly (readonly [name: string, requestPriority: number])[] = [
    ['chat-ui', 0],
    ['search-assistant', 5],
    ['nightly-reports', 10],
  ];
  clients.forEach(([name, request_priority], n) =>
    store.createToken({ name, request_priority, pos_y: 100 + 140 * n }),
  );
  return store;
}
