import type { ElectronApplication } from '@playwright/test';
import { contentSecurityPolicy } from '../electron/hosts/content-policy.ts';
import { windowPreferences } from '../electron/shell/window-preferences.ts';
import { expect, test } from './gantry.ts';

/** The walls around the desktop window, tried from inside it in a real Electron. */

test.beforeEach(({ mode }) => {
  test.skip(mode !== 'desktop', 'needs Electron: what it tests is the desktop window');
});

/** The application of a desktop run. */
function desktop(console: { readonly app?: ElectronApplication }): ElectronApplication {
  if (!console.app) throw new Error('not a desktop run');
  return console.app;
}

test('every window has the preferences of the table', async ({ window, console }) => {
  await expect(window).toHaveTitle(/Gantry/);
  const all = await desktop(console).evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows().map(({ webContents }) =>
      (
        webContents as unknown as { getLastWebPreferences(): Record<string, unknown> }
      ).getLastWebPreferences(),
    ),
  );
  expect(all).toHaveLength(1);
  for (const preferences of all) {
    const reported = Object.entries(windowPreferences).filter(([name]) => name in preferences);
    // Electron reports those that make a difference to isolation; the others it keeps to itself.
    expect(reported.map(([name]) => name)).toEqual(
      expect.arrayContaining(['nodeIntegration', 'contextIsolation', 'sandbox', 'webSecurity', 'webviewTag']),
    );
    expect(preferences).toMatchObject(Object.fromEntries(reported));
  }
});

test('the page sees one function of ours, and nothing of Node or Electron', async ({ window }) => {
  const seen = await window.evaluate(() => {
    const own = globalThis as unknown as Record<string, unknown>;
    return {
      bridge: Object.getOwnPropertyNames(own['gantry']),
      frozen: Object.isFrozen(own['gantry']),
      connect: typeof (own['gantry'] as Record<string, unknown>)['connect'],
      node: ['require', 'process', 'module', 'Buffer', 'global', 'ipcRenderer', 'electron'].filter(
        (name) => name in own,
      ),
    };
  });
  expect(seen).toEqual({ bridge: ['connect'], frozen: true, connect: 'function', node: [] });
});

test('the page comes with the policy, and inline script does not run', async ({ window, problems }) => {
  const header = await window.evaluate(async () => (await fetch('/')).headers.get('content-security-policy'));
  expect(header).toBe(contentSecurityPolicy);
  problems.allow(/Content Security Policy/);
  // In a task of its own: the driver's own evaluation is exempt from the policy while it runs.
  const ran = await window.evaluate(async () => {
    await new Promise((resolve) => {
      setTimeout(resolve, 0);
    });
    const script = document.createElement('script');
    script.textContent = 'window.inlineRan = true';
    document.body.append(script);
    let evaluated = false;
    try {
      evaluated = Reflect.construct(Function, ['return true'])() as boolean;
    } catch {
      evaluated = false;
    }
    return { inline: 'inlineRan' in globalThis, evaluated };
  });
  expect(ran).toEqual({ inline: false, evaluated: false });
});

test('the protocol serves the renderer and nothing beside it', async ({ window, problems }) => {
  problems.allow(/Failed to load resource/);
  const statuses = await window.evaluate(async () => {
    const paths = [
      '/../package.json',
      '/..%2fpackage.json',
      '/%2e%2e/main.js',
      '/..%5cmain.js',
      '/assets/..%2f..%2fmain.js',
      '/main.js',
      '/assets/',
      '/index.html%00.png',
      `/${'a'.repeat(5_000)}.js`,
    ];
    return Promise.all(paths.map(async (path) => (await fetch(path)).status));
  });
  expect(new Set(statuses)).toEqual(new Set([404]));
  expect(await window.evaluate(async () => (await fetch('/', { method: 'POST' })).status)).toBe(403);
});

test('a page of others cannot be asked for anything', async ({ window, problems }) => {
  problems.allow(/Content Security Policy|Failed to load resource|request to a stranger/);
  const outcomes = await window.evaluate(async () => {
    const urls = ['https://example.org/', 'http://127.0.0.1:1/', 'file:///etc/hostname', 'app://other/'];
    return Promise.all(
      urls.map(async (url) =>
        fetch(url).then(
          () => 'answered',
          () => 'refused',
        ),
      ),
    );
  });
  expect(new Set(outcomes)).toEqual(new Set(['refused']));
});

test('the window does not go anywhere', async ({ window, console, problems }) => {
  problems.allow(/Not allowed to (load local resource|navigate top frame)|request to a stranger/);
  const app = desktop(console);
  const home = window.url();
  for (const url of [
    'https://example.org/',
    'app://gantry.evil/',
    'file:///etc/passwd',
    'data:text/html,x',
  ]) {
    await window.evaluate((target) => {
      const link = document.createElement('a');
      link.href = target;
      document.body.append(link);
      link.click();
      link.remove();
      globalThis.location.assign(target);
    }, url);
  }
  // What the handlers decide, asked directly: Chromium alone refuses some of these before they are reached.
  const prevented = await app.evaluate(({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    const events = ['will-navigate', 'will-frame-navigate', 'will-redirect'] as const;
    return events.map((name) => {
      const decisions: Record<string, boolean> = {};
      for (const url of ['https://example.org/', 'app://gantry.evil/', 'file:///x', 'app://gantry/']) {
        let stopped = false;
        contents?.emit(name, {
          url,
          preventDefault: () => {
            stopped = true;
          },
        });
        decisions[url] = stopped;
      }
      return decisions;
    });
  });
  for (const decisions of prevented) {
    expect(decisions).toEqual({
      'https://example.org/': true,
      'app://gantry.evil/': true,
      'file:///x': true,
      'app://gantry/': false,
    });
  }
  expect(window.url()).toBe(home);
});

test('no window opens, and a link leaves only when a person says so', async ({
  window,
  console,
  problems,
}) => {
  problems.allow(/Not allowed to load local resource/);
  const app = desktop(console);
  await app.evaluate(({ dialog, shell }) => {
    const seen = { asked: [] as string[], opened: [] as string[] };
    Object.assign(globalThis, { seen });
    dialog.showMessageBox = ((_window: unknown, options: { message: string }) => {
      seen.asked.push(options.message);
      return Promise.resolve({ response: seen.asked.length === 1 ? 0 : 1, checkboxChecked: false });
    }) as never;
    shell.openExternal = (url: string) => {
      seen.opened.push(url);
      return Promise.resolve();
    };
  });
  const opened = await window.evaluate(() =>
    [
      'app://gantry/',
      'about:blank',
      'file:///etc/passwd',
      'ms-msdt:/id',
      'http://example.org/',
      'https://u:p@example.org/',
      'https://first.example/',
      'https://second.example/page',
    ].map((url) => globalThis.open(url) === null),
  );
  expect(new Set(opened)).toEqual(new Set([true]));
  const seen = () =>
    app.evaluate(() => (globalThis as unknown as { seen: { asked: string[]; opened: string[] } }).seen);
  await expect.poll(async () => (await seen()).opened).toEqual(['https://second.example/page']);
  expect((await seen()).asked).toEqual([
    'Open a page of first.example in the browser?',
    'Open a page of second.example in the browser?',
  ]);
  expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
});

test('no webview is attached', async ({ window, console }) => {
  const app = desktop(console);
  await window.evaluate(() => {
    const view = document.createElement('webview');
    view.setAttribute('src', 'app://gantry/');
    document.body.append(view);
  });
  const outcome = await app.evaluate(({ BrowserWindow, webContents }) => {
    let prevented = false;
    const event = {
      preventDefault: () => {
        prevented = true;
      },
    };
    BrowserWindow.getAllWindows()[0]?.webContents.emit('will-attach-webview', event, {}, {});
    return { prevented, kinds: webContents.getAllWebContents().map((contents) => contents.getType()) };
  });
  expect(outcome.prevented).toBe(true);
  expect(outcome.kinds).not.toContain('webview');
});

test('no permission is given but copying', async ({ window, problems }) => {
  problems.allow(/Permissions policy violation/);
  const states = await window.evaluate(async () => {
    const names = ['geolocation', 'notifications', 'camera', 'microphone', 'midi', 'clipboard-read'];
    const queried = await Promise.all(
      names.map(async (name) => (await navigator.permissions.query({ name: name as PermissionName })).state),
    );
    const camera = await navigator.mediaDevices.getUserMedia({ video: true }).then(
      () => 'granted',
      (error: unknown) => (error as Error).name,
    );
    const copying = await navigator.permissions.query({ name: 'clipboard-write' as PermissionName });
    return { queried, camera, copying: copying.state, notification: await Notification.requestPermission() };
  });
  expect(new Set(states.queried)).toEqual(new Set(['denied']));
  expect(states.camera).toMatch(/NotAllowedError|NotFoundError/);
  expect(states.notification).toBe('denied');
  expect(states.copying).toBe('granted');
});

test('no device is given', async ({ window, console, problems }) => {
  problems.allow(/Permissions policy violation/);
  const offered = await desktop(console).evaluate(async ({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    // With a user's gesture, which these need before they ask for permission at all.
    const ask = (code: string) =>
      contents?.executeJavaScript(
        `${code}.then(() => 'given', (error) => error.name)`,
        true,
      ) as Promise<string>;
    return [
      await ask('navigator.usb.requestDevice({filters: []})'),
      await ask('navigator.serial.requestPort()'),
    ];
  });
  for (const outcome of offered) expect(outcome).toMatch(/NotFoundError|NotAllowedError|SecurityError/);
  expect(
    await window.evaluate(async () =>
      (await navigator.mediaDevices.enumerateDevices()).filter(({ label }) => label),
    ),
  ).toEqual([]);
});

test('only a window of ours gets a port', async ({ console, window }) => {
  const app = desktop(console);
  const refusals = () => console.lines.filter((line) => line.includes('refused a connection')).length;
  const before = refusals();
  // A window that the shell did not make, with our page, our preload and our session.
  const stray = app.waitForEvent('window');
  await app.evaluate(async ({ app: electron, BrowserWindow }) => {
    const session = BrowserWindow.getAllWindows()[0]?.webContents.session;
    if (!session) throw new Error('no window');
    const preload = `${electron.getAppPath()}/dist/preload.cjs`;
    const window = new BrowserWindow({ show: false, webPreferences: { preload, session } });
    await window.loadURL('app://gantry/');
  });
  const page = await stray;
  await expect.poll(refusals).toBeGreaterThan(before);
  expect(console.lines.join('\n')).toContain('refused a connection: unknown window');
  await page.close();
  await expect(window).toHaveTitle(/Gantry/);
});

test('the sender is checked: gone, inside, repeated', async ({ console, window }) => {
  const app = desktop(console);
  await window.evaluate(() => document.body.append(document.createElement('iframe')));
  expect(await window.evaluate(() => 'gantry' in (globalThis.frames[0] as object))).toBe(false);
  const answered = await app.evaluate(({ BrowserWindow, ipcMain }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    if (!contents) throw new Error('no window');
    let posted = 0;
    const top = contents.mainFrame;
    const inner = top.frames[0];
    const spy = (frame: typeof top | undefined) =>
      frame && {
        url: frame.url,
        origin: frame.origin,
        parent: frame.parent,
        postMessage: () => {
          posted += 1;
        },
      };
    const ask = (senderFrame: unknown, nonce: unknown, ...more: unknown[]) => {
      const before = posted;
      ipcMain.emit('gantry:connect', { sender: contents, senderFrame }, nonce, ...more);
      return posted - before;
    };
    const nonce = '01234567-89ab-cdef-0123-456789abcdef';
    return {
      gone: ask(null, '11111111-89ab-cdef-0123-456789abcdef'),
      inside: ask({ ...spy(inner), parent: top }, '21111111-89ab-cdef-0123-456789abcdef'),
      noNonce: ask(spy(top), 'x'),
      tooMuch: ask(spy(top), '31111111-89ab-cdef-0123-456789abcdef', 'more'),
      first: ask(spy(top), nonce),
      repeated: ask(spy(top), nonce),
    };
  });
  expect(answered).toEqual({ gone: 0, inside: 0, noNonce: 0, tooMuch: 0, first: 1, repeated: 0 });
});
