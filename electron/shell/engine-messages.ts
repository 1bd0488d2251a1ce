import type { EnvironmentSource } from '../hosts/environment-source.ts';

/** Main → engine process. `connect` comes with one port. */
export type EngineRequest =
  | {
      readonly type: 'start';
      /** The first is opened. */
      readonly environments: readonly EnvironmentSource[];
    }
  /** A window has one port at a time: a new one for the same `windowId` closes the one before. */
  | { readonly type: 'connect'; readonly windowId: number }
  | { readonly type: 'stop' };

/** Engine process → main. `refused`: it cannot work with what it was given; starting it again would not help. */
export type EngineReport = { readonly type: 'ready' } | { readonly type: 'refused'; readonly reason: string };

/** The whole of Electron's IPC in Gantry. Everything else goes through the port. */
export const ipc = {
  /** Preload → main: asks for a port. One argument: a nonce that comes back with the port. */
  connect: 'gantry:connect',
  /** Main → preload: the port, and the nonce it was asked with. */
  port: 'gantry:port',
  /** Main → preload: whether the engine's process is there. */
  engine: 'gantry:engine',
} as const;

export type EngineState = 'lost' | 'ready';
