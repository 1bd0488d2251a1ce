import { create } from 'zustand';
import type { WorldEvent } from '../../shared/model/world.ts';
import { showToast } from '../ui/toasts.ts';
import { worldStore } from '../world/store.ts';
import { connectionNotices } from './notices.ts';
import { queryClient } from './query-client.ts';
import { navigate } from './route.ts';
import { runSession, type SessionState } from './session.ts';
import type { Transport } from './transport.ts';

/** The session of this window. */
export const useSession = create<SessionState>(() => ({
  phase: 'starting',
  client: null,
  error: null,
  attempt: 0,
  lostAt: null,
  stats: null,
}));

/** True while what the world says is confirmed by a running engine. */
export function useEngineLive(): boolean {
  return useSession((session) => session.phase === 'live');
}

/** Starts following the engine into the one mirror of this window. Returns the disposer. */
export function startSession(open: () => Promise<Transport>): () => void {
  const stop = new AbortController();
  void runSession(
    {
      open,
      apply: applyAndTell,
      set: (state) => {
        const wasLive = useSession.getState().phase === 'live';
        useSession.setState(state);
        // What was asked of the engine before belongs to that engine.
        if (state.phase === 'live' && !wasLive) void queryClient.invalidateQueries();
      },
      now: Date.now,
      sleep,
      random: Math.random,
    },
    stop.signal,
  );
  return () => stop.abort();
}

function applyAndTell(event: WorldEvent) {
  const { mirror } = worldStore;
  const sameWorld = event.type === 'patch' || event.environmentId === mirror.environmentId;
  const notices = sameWorld ? connectionNotices(mirror.connections, event.connections) : [];
  const result = worldStore.apply(event, Date.now());
  if (result === 'applied')
    for (const { connectionId, ...notice } of notices) showToast({ ...notice, ...linkTo(connectionId) });
  return result;
}

function linkTo(connectionId: string | undefined) {
  const params = connectionId === undefined ? {} : { c: connectionId };
  return { action: { title: 'Open connections', run: () => navigate('connections', params) } };
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}
