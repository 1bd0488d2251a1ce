import { app, BrowserWindow, dialog, nativeTheme, type Session } from 'electron';
import { APP_URL } from './own-url.ts';
import { ReloadBudget } from './reload-budget.ts';
import { complain } from './report.ts';
import { windowPreferences } from './window-preferences.ts';

/** Kept across starts, for the theme and the like; nothing of a managed system is ever stored by the page. */
export const SESSION_PARTITION = 'persist:gantry';

export interface WindowOptions {
  readonly session: Session;
  readonly preload: string;
  /** Ids of the WebContents that may ask for the engine. */
  readonly trustedIds: Set<number>;
}

/** Opens the console's window. */
export function openWindow(options: WindowOptions): BrowserWindow {
  const window = new BrowserWindow({
    title: 'Gantry',
    width: 1440,
    height: 900,
    minWidth: 800,
    minHeight: 560,
    show: false,
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#0e1116' : '#f7f8fa',
    webPreferences: {
      ...windowPreferences,
      devTools: !app.isPackaged,
      session: options.session,
      preload: options.preload,
    },
  });
  const { id } = window.webContents;
  options.trustedIds.add(id);
  window.webContents.once('destroyed', () => options.trustedIds.delete(id));
  window.once('ready-to-show', () => window.show());
  recoverWindow(window);
  void window.loadURL(APP_URL).catch(() => {
    // Quitting while it loads is no failure.
    if (!window.isDestroyed()) complain('the window could not load its page');
  });
  return window;
}

/** A crashed page is loaded again, a hung one is a person's choice. */
function recoverWindow(window: BrowserWindow): void {
  const budget = new ReloadBudget();
  window.webContents.on('render-process-gone', (_event, details) => {
    if (details.reason === 'clean-exit' || window.isDestroyed()) return;
    complain(`the window's process ended (${details.reason})`);
    if (budget.spend(performance.now())) window.webContents.reload();
    else void ask(window, `The window keeps failing (${details.reason}).`, ['Reload', 'Quit']);
  });
  window.on('unresponsive', () => {
    void ask(window, 'The window does not respond.', ['Wait', 'Reload', 'Quit']);
  });
}

async function ask(
  window: BrowserWindow,
  message: string,
  buttons: readonly ('Wait' | 'Reload' | 'Quit')[],
): Promise<void> {
  const { response } = await dialog.showMessageBox(window, {
    type: 'warning',
    message,
    detail: 'The engine goes on working. Nothing that was started is lost by reloading.',
    buttons: [...buttons],
    noLink: true,
  });
  const choice = buttons[response];
  if (window.isDestroyed() || choice === 'Wait') return;
  if (choice === 'Quit') app.quit();
  else if (window.webContents.isCrashed()) window.webContents.reload();
  // A hung page does not hear a reload. Ending its process does, and that brings it back.
  else window.webContents.forcefullyCrashRenderer();
}
