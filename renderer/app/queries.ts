import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { GantryClient } from '../../shared/contract/contract.ts';
import { GantryError, toErrorData } from '../../shared/model/error.ts';
import { showToast } from '../ui/toasts.ts';
import { useWorld } from '../world/store.ts';
import { queryClient } from './query-client.ts';
import { useSession } from './session-store.ts';

/** The client now; throws what the screen shows when there is no engine. */
function clientNow(): GantryClient {
  const { client, error } = useSession.getState();
  if (client) return client;
  throw new GantryError(
    error ?? {
      code: 'engine-lost',
      attempted: 'ask the engine',
      target: 'engine',
      knownEffect: 'nothing was sent',
      advice: 'The engine is still starting.',
      retryable: true,
    },
  );
}

/** The environments that can be opened; asked anew when another one becomes active. */
export function useEnvironments() {
  const environmentId = useWorld((mirror) => mirror.environmentId);
  const live = useSession((session) => session.client !== null);
  return useQuery({
    queryKey: ['environments', environmentId],
    queryFn: ({ signal }) => clientNow().environments.list({}, { signal }),
    enabled: live,
    placeholderData: (before) => before,
  });
}

/** Leaves this environment for another; a failure is told in a toast. */
export function useActivateEnvironment() {
  return useMutation({
    mutationFn: (id: string) => clientNow().environments.activate({ id }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['environments'] }),
    onError: (thrown, id) => {
      const error = toErrorData(thrown, 'open the environment', id);
      showToast({ key: `environment ${id}`, tone: 'bad', title: 'The environment did not open', error });
    },
  });
}

/** How many transitions a screen asks for. Of all: enough that the first sights of a usual world are among them. */
const TRANSITIONS = { ofOne: 50, ofAll: 1_000 };

/**
 * Health transitions since the engine started, newest first: of one entity, or of all. Asked anew when `version` changes
 * (anything that does when there may be new ones); the old list stays while the new one comes.
 */
export function useTransitions(entityId: string | null, version: string | number) {
  const live = useSession((session) => session.client !== null);
  const query = useQuery({
    queryKey: ['transitions', entityId],
    queryFn: ({ signal }) =>
      clientNow().world.transitions(
        entityId === null ? { limit: TRANSITIONS.ofAll } : { entityId, limit: TRANSITIONS.ofOne },
        { signal },
      ),
    enabled: live,
    staleTime: 0,
  });
  const { refetch } = query;
  const askedFor = useRef(version);
  useEffect(() => {
    if (!live || askedFor.current === version) return;
    askedFor.current = version;
    // One call at a time: a busy minute does not pile them up.
    void refetch({ cancelRefetch: false });
  }, [refetch, version, live]);
  return query;
}

/** Asks a connection to try again now. */
export function useRetryConnection() {
  return useMutation({
    mutationFn: (id: string) => clientNow().connections.retry({ id }),
    onError: (thrown, id) => {
      const error = toErrorData(thrown, 'try the connection again', id);
      showToast({ key: `retry ${id}`, tone: 'bad', title: `${id} was not tried again`, error });
    },
  });
}

/** The steps of a connection test as they come. Ends with the stream; throws what the engine says. */
export async function* testConnection(id: string, signal: AbortSignal) {
  yield* await clientNow().connections.test({ id }, { signal });
}
