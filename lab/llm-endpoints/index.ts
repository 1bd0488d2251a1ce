import type { LabContext, LabModule, RunningModule } from '../kit/module.ts';
import { startLabServer } from '../kit/server.ts';
import type { LlmEndpointSpec } from '../scenario.ts';
import { llmBehaviour } from './behaviour.ts';
import { llmEndpointHandler } from './endpoint.ts';
import { poweredServer } from './powered-server.ts';

/** One OpenAI-compatible server for each LLM endpoint of the scenario, reachable under its private address through the lab's network. */
export const llmEndpointsLab: LabModule = {
  name: 'llm-endpoints',
  async start(context: LabContext): Promise<RunningModule> {
    const started = await Promise.all(
      context.world.scenario.llmEndpoints.map((spec) => startEndpoint(context, spec)),
    );
    const update = () => started.forEach((endpoint) => void endpoint.update());
    const unsubscribe = context.world.onChange(update);
    update();
    return {
      servers: started.map((endpoint) => endpoint.server),
      connections: [],
      close: async () => unsubscribe(),
    };
  },
};

async function startEndpoint(context: LabContext, spec: LlmEndpointSpec) {
  const handler = llmEndpointHandler({
    model: spec.model,
    behaviour: llmBehaviour(context.world, spec.name),
    now: context.now,
    random: context.random,
  });
  const server = await startLabServer({
    name: spec.name,
    handler,
    errorBody: {
      contentType: 'application/json',
      text: JSON.stringify({
        error: { message: 'The server had an error.', type: 'server_error', param: null, code: null },
      }),
    },
  });
  context.network.connect(`${spec.ip}:${spec.port}`, server.origin);
  return poweredServer(server, () => isServing(context, spec));
}

/** Whether the process that answers on the endpoint's socket runs, as the shared world has it. */
function isServing({ world }: LabContext, spec: LlmEndpointSpec): boolean {
  for (const instance of world.instances.values()) {
    if (instance.ip === spec.ip && instance.port === spec.port) return world.isInstanceUp(instance.id);
  }
  return world.isGuestUp(spec.vmid);
}
