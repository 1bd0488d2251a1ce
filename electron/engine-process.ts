import { RPCHandler } from '@orpc/server/message-port';
import type { MessagePortMain } from 'electron';
import { GantryError } from '../shared/model/error.ts';
import { createEngine, type Engine } from './engine/engine.ts';
import { loadEnvironments } from './hosts/environments.ts';
import type { EngineReport, EngineRequest } from './shell/engine-messages.ts';

/**
 * The engine's own process in the desktop application (an Electron utility process, which is plain Node plus
 * `process.parentPort`). Main says `start` once and `connect` for each window; see `shell/engine-messages.ts`.
 */
const main = process.parentPort;
let engine: Promise<Engine> | undefined;

main.on('message', (event) => {
  const request = event.data as EngineRequest;
  switch (request.type) {
    case 'start':
      engine ??= start(request);
      engine.then(
        () => report({ type: 'ready' }),
        (thrown: unknown) => report({ type: 'refused', reason: reasonOf(thrown) }),
      );
      break;
    case 'connect':
      if (event.ports[0]) void serve(request.windowId, event.ports[0]);
      break;
    case 'stop':
      void stop();
      break;
  }
});

async function start(request: Extract<EngineRequest, { type: 'start' }>): Promise<Engine> {
  const environments = await loadEnvironments(request.environments, (problem) =>
    process.stderr.write(`gantry: ${problem}\n`),
  );
  const first = environments[0]?.id;
  return createEngine({
    host: 'desktop',
    environments,
    ...(first === undefined ? {} : { activate: first }),
  });
}

/** One a window; the page that was there before a reload has none any more. */
const ports = new Map<number, MessagePortMain>();

/** Requests above this are no part of the contract; the port that sent one is closed. */
const MAX_REQUEST_LENGTH = 1024 * 1024;

async function serve(windowId: number, port: MessagePortMain): Promise<void> {
  const running = await engine;
  if (!running) {
    port.close();
    return;
  }
  ports.get(windowId)?.close();
  ports.set(windowId, port);
  port.on('close', () => {
    if (ports.get(windowId) === port) ports.delete(windowId);
  });
  port.on('message', (event) => {
    const size = typeof event.data === 'string' ? event.data.length : 0;
    if (size > MAX_REQUEST_LENGTH) port.close();
  });
  new RPCHandler(running.router).upgrade(port);
  port.start();
}

async function stop(): Promise<void> {
  const running = await engine?.catch(() => undefined);
  await running?.stop();
  process.exit(0);
}

function report(message: EngineReport): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a process, not a window
  main.postMessage(message);
}

function reasonOf(thrown: unknown): string {
  if (thrown instanceof GantryError) return thrown.data.advice;
  return thrown instanceof Error ? thrown.message : String(thrown);
}
