import { QueryClient } from '@tanstack/react-query';
import { GantryError } from '../../shared/model/error.ts';

/**
 * Plain calls to the engine. The world itself is watched, never asked for. A failure that trying again can cure is tried
 * twice more; the engine is on this machine, so the pauses are short.
 */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      retry: (failures, error) => failures < 2 && error instanceof GantryError && error.data.retryable,
      retryDelay: (attempt) => 200 * 2 ** attempt,
      refetchOnWindowFocus: false,
    },
  },
});
