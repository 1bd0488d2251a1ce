import { utilityProcess, type MessagePortMain } from 'electron';
import type { LabSpawner } from '../hosts/lab.ts';
import type { EngineReport } from './engine-messages.ts';
import type { EngineChild } from './engine-supervisor.ts';

/** Starts the engine's own process. */
export function spawnEngine(entry: string): EngineChild<MessagePortMain> {
  const child = utilityProcess.fork(entry, [], { serviceName: 'Gantry Engine', stdio: 'inherit' });
  return {
    post: (request, ports = []) => child.postMessage(request, [...ports]),
    onReport: (listener) => child.on('message', (message) => listener(message as EngineReport)),
    onExit: (listener) => child.once('exit', listener),
    kill: () => void child.kill(),
  };
}

/** Runs the lab in a utility process: the shipped application cannot be used as a plain Node (a fuse is off). */
export function utilityLabSpawner(entry: string): LabSpawner {
  return (args) => {
    const child = utilityProcess.fork(entry, [...args], { serviceName: 'Gantry Lab', stdio: 'inherit' });
    const exited = new Promise<string>((resolve) => {
      child.once('exit', (code) => resolve(`exit code ${code}`));
    });
    return { exited, stop: () => void child.kill(), kill: () => void child.kill() };
  };
}
