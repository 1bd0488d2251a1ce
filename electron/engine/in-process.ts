import { createRouterClient } from '@orpc/server';
import { createGantryClient } from '../../shared/contract/client.ts';
import type { GantryClient } from '../../shared/contract/contract.ts';
import type { Engine } from './engine.ts';

/** The contract without a wire between: for the CLI and for tests. Checks, deadlines and errors are those of every client. */
export function connectInProcess(engine: Engine): GantryClient {
  const client = createRouterClient(engine.router);
  return createGantryClient({
    async call(path, input, options) {
      let node: unknown = client;
      for (const segment of path) node = (node as Record<string, unknown>)[segment];
      return (node as (input: unknown, options: unknown) => Promise<unknown>)(input, options);
    },
  });
}
