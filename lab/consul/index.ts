import { setMaxListeners } from 'node:events';
import type { LabContext, LabModule, RunningModule } from '../kit/module.ts';
import { startLabServer, type LabServer } from '../kit/server.ts';
import { aclRoutes } from './acl-routes.ts';
import { agentRoutes } from './agent-routes.ts';
import { catalogRoutes } from './catalog-routes.ts';
import { Cluster } from './cluster.ts';
import { ConfigStore } from './config-store.ts';
import type { ConsulLab } from './context.ts';
import { EventLog } from './event-log.ts';
import { healthRoutes } from './health-routes.ts';
import { dispatch, type Route } from './http.ts';
import { IntentionStore } from './intention-store.ts';
import { kvRoutes } from './kv-routes.ts';
import { KvStore } from './kv-store.ts';
import { meshRoutes } from './mesh-routes.ts';
import { operatorRoutes } from './operator-routes.ts';
import { queryRoutes } from './query-routes.ts';
import { QueryStore } from './query-store.ts';
import { labAcl, MANAGEMENT_TOKEN, seed } from './seed.ts';
import { sessionRoutes } from './session-routes.ts';
import { SessionStore } from './session-store.ts';
import { ConsulState } from './state.ts';
import { uiRoutes } from './ui-routes.ts';
import { uuidOf } from './uuid.ts';
import { WorldSync } from './world-sync.ts';

const AGENT_PORT = 8500;

/**
 * Consul 1.21.4 with access control, three servers (one on each host) and an agent on every guest. The server `consul` is
 * the API of the first server that is up; every other agent answers at an address of its own, named in its node's
 * metadata, since `/v1/agent/*` speaks of one agent only.
 */
export const consulLab: LabModule = { name: 'consul', start };

async function start(context: LabContext): Promise<RunningModule> {
  const { world, random, now, signal } = context;
  // Every held query listens to it.
  setMaxListeners(0, signal);
  const state = new ConsulState();
  const cluster = new Cluster(
    world.scenario.datacenter,
    world.scenario.hosts.map((host) => ({ id: uuidOf(`node ${host.name}`), name: host.name, ip: host.ip })),
    (server) => world.hosts.get(server.name)?.online === true,
    now,
  );
  const kv = new KvStore(state);
  const sessions = new SessionStore(state, kv, now);
  const shared = {
    state,
    cluster,
    random,
    now,
    signal,
    world,
    acl: labAcl(),
    kv,
    sessions,
    events: new EventLog(),
    intentions: new IntentionStore(state, now),
    config: new ConfigStore(state),
    queries: new QueryStore(state),
    startedAt: now(),
    held: { count: 0 },
  };
  // The routes come last but are needed by the servers that come first, whose addresses the agents register.
  let routes: readonly Route[] = [];
  const serve = (name: string, agent: () => string, isUp: () => boolean): Promise<LabServer> =>
    startLabServer({
      name,
      handler: async (request, response) => {
        if (isUp()) await dispatch(routes, shared.acl, agent(), request, response);
        else response.destroy();
      },
      errorBody: { contentType: 'text/plain; charset=utf-8', text: 'rpc error making call: EOF' },
    });
  const agentServers = await startAgentServers(context, serve);
  const sync = new WorldSync({
    world,
    state,
    cluster,
    random,
    agentUrl: (node) => agentServers.get(node)?.origin,
  });
  const lab: ConsulLab = { ...shared, agents: sync.agents };
  routes = allRoutes(lab);
  seed(lab);
  const asked = () =>
    (cluster.servers.find((server) => cluster.isUp(server)) ?? cluster.servers[0])?.name ?? '';
  const server = await serve('consul', asked, () => true);
  return {
    servers: [server],
    connections: [
      {
        id: 'consul',
        system: 'consul',
        url: server.origin,
        auth: { type: 'token', token: MANAGEMENT_TOKEN },
      },
    ],
    tick: () => sync.catchUp(),
    async close() {
      sync.close();
      sessions.close();
      await Promise.all([...agentServers.values()].map((one) => one.close()));
    },
  };
}

function allRoutes(lab: ConsulLab): Route[] {
  return [
    ...catalogRoutes(lab),
    ...healthRoutes(lab),
    ...agentRoutes(lab),
    ...kvRoutes(lab),
    ...sessionRoutes(lab),
    ...meshRoutes(lab),
    ...aclRoutes(lab),
    ...operatorRoutes(lab),
    ...uiRoutes(lab),
    ...queryRoutes(lab),
  ];
}

/** By node name. An agent whose guest is not running hangs up on everyone. */
async function startAgentServers(
  { world, network }: LabContext,
  serve: (name: string, agent: () => string, isUp: () => boolean) => Promise<LabServer>,
): Promise<Map<string, LabServer>> {
  const machines = [
    ...[...world.hosts.values()].map((host) => ({
      ...host,
      isUp: () => world.hosts.get(host.name)?.online === true,
    })),
    ...[...world.guests.values()]
      .filter((guest) => !guest.template && guest.ip !== '')
      .map((guest) => ({ ...guest, isUp: () => world.isGuestUp(guest.vmid) })),
  ];
  const started = machines.map(async ({ name, ip, isUp }): Promise<[string, LabServer]> => {
    const server = await serve(`consul-agent-${name}`, () => name, isUp);
    network.connect(`${ip}:${AGENT_PORT}`, server.origin);
    return [name, server];
  });
  return new Map(await Promise.all(started));
}
