import type { LabContext, LabModule, RunningModule } from '../kit/module.ts';
import { startLabServer } from '../kit/server.ts';
import { createApi } from './http.ts';
import { routes } from './routes.ts';
import { Cluster, type ClusterOptions } from './state.ts';

export const CONNECTION_ID = 'pve';

const realPace: ClusterOptions = { pace: 1, refusalDelayMs: 3_000 };

export interface RunningProxmox extends RunningModule {
  /** For tests: other users' tokens, and what only Proxmox knows of a guest. */
  readonly cluster: Cluster;
}

/** Starts the stand-in; `options` make its workers and its refusals faster than life. */
export async function startProxmox(
  context: LabContext,
  options: Partial<ClusterOptions> = {},
): Promise<RunningProxmox> {
  const cluster = new Cluster(context, { ...realPace, ...options });
  const server = await startLabServer({
    name: 'proxmox',
    tls: context.tls,
    handler: createApi(cluster, routes),
    errorBody: { contentType: 'application/json', text: '{"data":null,"message":"internal error\\n"}' },
  });
  return {
    cluster,
    servers: [server],
    connections: [
      {
        id: CONNECTION_ID,
        system: 'proxmox',
        url: server.origin,
        auth: { type: 'token', token: cluster.access.tokenText('gantry@pve', 'console') },
        tls: { fingerprint: context.tls.valid.fingerprint },
      },
    ],
    close: () => {
      cluster.close();
      return Promise.resolve();
    },
  };
}

/** A Proxmox VE 9.1 cluster of three nodes. */
export const proxmoxLab: LabModule = { name: 'proxmox', start: (context) => startProxmox(context) };
