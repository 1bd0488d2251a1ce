import { type App, type Session, type WebContents, dialog, shell, BrowserWindow } from 'electron';
import { judgeSwitches } from './command-line.ts';
import { externalLinkOf, isOwnUrl } from './own-url.ts';
import { complain } from './report.ts';

/**
 * First of all, before Electron is ready: every renderer in the OS sandbox, and no switches of strangers. False when the
 * application must not start.
 */
export function lockDownProcess(app: App): boolean {
  app.enableSandbox();
  if (!app.isPackaged) return true;
  const verdict = judgeSwitches(process.argv.slice(1));
  if (verdict.forbidden !== undefined) {
    complain(`does not start with --${verdict.forbidden}, which would let another program steer it`);
    return false;
  }
  for (const name of verdict.remove) app.commandLine.removeSwitch(name);
  return true;
}

/** Whatever contents are ever made, by whomever: they go nowhere, open nothing, embed nothing. */
export function lockDownContents(app: App): void {
  app.on('web-contents-created', (_event, contents) => {
    const stayHome = (details: { url: string; preventDefault(): void }) => {
      if (!isOwnUrl(details.url)) details.preventDefault();
    };
    contents.on('will-navigate', stayHome);
    contents.on('will-frame-navigate', stayHome);
    contents.on('will-redirect', stayHome);
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(({ url }) => {
      void offerExternally(contents, url);
      return { action: 'deny' };
    });
  });
  // The window only talks to `app:`; the engine, which talks to systems, decides about certificates by itself.
  app.on('certificate-error', (event, _contents, _url, _error, _certificate, decide) => {
    event.preventDefault();
    decide(false);
  });
  app.on('select-client-certificate', (event, _contents, _url, _certificates, choose) => {
    event.preventDefault();
    choose();
  });
  app.on('login', (event) => event.preventDefault());
}

/** The session of the windows: no permission but copying, no device, no download, no request but to our own scheme. */
export function lockDownSession(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, decide, details) => {
    decide(details.isMainFrame && mayHave(permission, details.requestingUrl));
  });
  session.setPermissionCheckHandler((_contents, permission, origin, details) => {
    return details.isMainFrame && mayHave(permission, details.requestingUrl ?? origin);
  });
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler((_request, decide) => decide({}));
  session.setCertificateVerifyProc((_request, decide) => decide(CERTIFICATE_REFUSED));
  session.setSpellCheckerEnabled(false);
  session.webRequest.onBeforeRequest((details, decide) => {
    const { protocol } = new URL(details.url);
    decide({ cancel: !(isOwnUrl(details.url) || protocol === 'devtools:') });
  });
  session.on('will-download', (event) => event.preventDefault());
}

/** Writing text to the clipboard, for "copy", is all that a page of ours is ever allowed. */
function mayHave(permission: string, requester: string): boolean {
  return permission === 'clipboard-sanitized-write' && isOwnUrl(requester);
}

/** Chromium's net::ERR_FAILED. */
const CERTIFICATE_REFUSED = -2;

/**
 * The only place that hands a link to the operating system. The link may come from a managed system, so that its host is
 * shown and a person decides.
 */
async function offerExternally(contents: WebContents, text: string): Promise<void> {
  const link = externalLinkOf(text);
  const window = BrowserWindow.fromWebContents(contents);
  if (!link || !window) return;
  const { response } = await dialog.showMessageBox(window, {
    type: 'question',
    message: `Open a page of ${link.host} in the browser?`,
    detail: link.href,
    buttons: ['Cancel', `Open ${link.host}`],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
  });
  if (response === 1) await shell.openExternal(link.href);
}
