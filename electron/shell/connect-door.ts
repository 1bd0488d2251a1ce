import { ipcMain, MessageChannelMain, type MessagePortMain } from 'electron';
import { ipc } from './engine-messages.ts';
import type { EngineSupervisor } from './engine-supervisor.ts';
import { Nonces, RateLimit, refusalOfSender } from './sender-check.ts';
import { complain } from './report.ts';

/** A page that asks more often than this is broken or hostile; an honest one asks once per load or engine restart. */
const CONNECTS_PER_MINUTE = 60;

/** The only way in: a window asks for a port to the engine, and gets one after its sender was checked. */
export function openConnectDoor(
  engine: EngineSupervisor<MessagePortMain>,
  trustedIds: ReadonlySet<number>,
): void {
  const nonces = new Nonces();
  const limit = new RateLimit(CONNECTS_PER_MINUTE, 60_000, () => performance.now());
  ipcMain.on(ipc.connect, (event, ...args: unknown[]) => {
    const frame = event.senderFrame;
    const nonce = args[0];
    const refusal = refusalOfSender({ contentsId: event.sender.id, frame }, trustedIds);
    if (refusal !== undefined || frame === null) {
      complain(`refused a connection: ${refusal ?? 'the frame is gone'}`);
    } else if (args.length !== 1 || !nonces.accept(nonce)) {
      complain('refused a connection: not a fresh nonce');
    } else if (!limit.take()) {
      complain('refused a connection: too many at once');
    } else {
      const { port1, port2 } = new MessageChannelMain();
      engine.connect(event.sender.id, port1);
      frame.postMessage(ipc.port, nonce, [port2]);
    }
  });
}
