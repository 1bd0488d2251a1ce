import type { ContractRouterClient } from '@orpc/contract';
import { app } from './app.ts';
import { connections } from './connections.ts';
import { environments } from './environments.ts';
import { world } from './world.ts';

/**
 * Everything that crosses between the engine and whoever looks at it: a window, a browser, the CLI or a test. One
 * router serves all of them; see `electron/engine/router.ts` for the other half.
 */
export const contract = { app, environments, connections, world };

export type Contract = typeof contract;

/** What every screen and script calls. */
export type GantryClient = ContractRouterClient<Contract>;
