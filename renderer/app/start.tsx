import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import '../ui/base.css';
import { registerConsoleCommands } from './console-commands.ts';
import { Frame } from './frame.tsx';
import { startKeyboard } from './keyboard.ts';
import { queryClient } from './query-client.ts';
import { startSession } from './session-store.ts';
import { startTheme } from './theme.ts';
import type { Transport } from './transport.ts';

/** Starts the console in an element, over whatever way to the engine it is given. */
export function startConsole(root: HTMLElement, open: () => Promise<Transport>): void {
  startTheme();
  registerConsoleCommands();
  startKeyboard();
  startSession(open);
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <Frame />
      </QueryClientProvider>
    </StrictMode>,
  );
}
