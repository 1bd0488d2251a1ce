import { contextBridge, ipcRenderer } from 'electron';
import { ipc } from './shell/engine-messages.ts';

// The whole bridge: the page asks for a port, and hears of ports and of the engine as window messages. Features never
// change this file; they change the contract that runs over the port.
const { origin } = globalThis.location;

ipcRenderer.on(ipc.port, (event, nonce: unknown) => {
  globalThis.postMessage({ type: 'gantry-port', nonce }, origin, event.ports);
});
ipcRenderer.on(ipc.engine, (_event, state: unknown) => {
  globalThis.postMessage({ type: 'gantry-engine', state }, origin);
});

/** Asks for a port to the engine. The answer is a `gantry-port` message with the nonce returned here. */
function connect(): string {
  const nonce = crypto.randomUUID();
  ipcRenderer.send(ipc.connect, nonce);
  return nonce;
}

contextBridge.exposeInMainWorld('gantry', Object.freeze({ connect }));
