import type { WebPreferences } from 'electron';

/** What a page may do in our windows. A test compares the preferences of every open window with this. */
export const windowPreferences = {
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  contextIsolation: true,
  sandbox: true,
  webSecurity: true,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  webviewTag: false,
  navigateOnDragDrop: false,
  // A middle click would open a window of its own.
  disableBlinkFeatures: 'Auxclick',
  safeDialogs: true,
  spellcheck: false,
} as const satisfies WebPreferences;
