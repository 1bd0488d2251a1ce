import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * Mistakes that undo the hardening, looked for in the text of every source file. Coarse on purpose: a finding in a
 * comment is rather reworded than a real one missed.
 */
const root = path.resolve(import.meta.dirname, '../..');

interface Check {
  readonly name: string;
  readonly pattern: RegExp;
  /** Where it counts; default everywhere. */
  readonly within?: RegExp;
  /** Files that may, each for the reason given. */
  readonly except?: Readonly<Record<string, string>>;
}

const shell = /^electron\/(shell\/|main\.ts|preload\.ts)/;
const shipped = /^(electron|renderer|shared)\//;

const checks: readonly Check[] = [
  { name: 'Node in a page', pattern: /nodeIntegration\w*['"]?\s*:\s*true/ },
  { name: 'no context isolation', pattern: /contextIsolation['"]?\s*:\s*false/ },
  { name: 'no sandbox', pattern: /(['"]?sandbox['"]?\s*:\s*false|chromiumSandbox\s*:\s*false)/ },
  { name: 'sandbox switched off', pattern: /--?no-sandbox|'no-sandbox'/, within: /^(electron|scripts)\// },
  { name: 'no web security', pattern: /webSecurity['"]?\s*:\s*false|disable-web-security/ },
  { name: 'insecure content', pattern: /allowRunningInsecureContent['"]?\s*:\s*true/ },
  { name: 'webview', pattern: /webviewTag['"]?\s*:\s*true|<webview|allowpopups/ },
  { name: 'experimental features', pattern: /experimentalFeatures['"]?\s*:\s*true|enableBlinkFeatures/ },
  { name: 'navigation by dropping', pattern: /navigateOnDragDrop['"]?\s*:\s*true/ },
  { name: 'silenced warnings', pattern: /ELECTRON_DISABLE_SECURITY_WARNINGS/ },
  { name: 'remote module', pattern: /@electron\/remote|enableRemoteModule/ },
  { name: 'script from text', pattern: /\beval\(|new Function\(|executeJavaScript|insertCSS|insertText\(/ },
  {
    name: 'markup from text',
    pattern: /\binnerHTML\b|outerHTML|insertAdjacentHTML|document\.write|dangerouslySetInnerHTML/,
  },
  {
    name: 'TLS verification off',
    pattern: /rejectUnauthorized['"]?\s*:\s*false|NODE_TLS_REJECT_UNAUTHORIZED/,
  },
  { name: 'Chromium switches appended', pattern: /commandLine\.append/ },
  { name: 'URL compared by its start', pattern: /\.startsWith\(/, within: shell },
  { name: 'file: URLs', pattern: /loadFile\(|file:\/\//, within: shell },
  { name: 'guessable ids', pattern: /Math\.random\(/, within: /^electron\/(shell|hosts)\// },
  { name: 'a shell command', pattern: /\bexec(Sync)?\(\s*['"`]|shell\s*:\s*true/, within: shipped },
  { name: 'console output', pattern: /\bconsole\.\w+\(/, within: shipped },
  {
    name: 'raw IPC',
    pattern: /\bipcMain\b|\bipcRenderer\b/,
    except: {
      'electron/shell/connect-door.ts': 'the one listener',
      'electron/preload.ts': 'the other end of it',
    },
  },
  {
    name: 'links handed to the system',
    pattern: /openExternal\(|openPath\(|showItemInFolder\(/,
    except: { 'electron/shell/lock-down.ts': 'the one function that does, for https only, after asking' },
  },
  {
    name: 'Electron outside the shell',
    pattern: /from 'electron'|require\(['"]electron['"]\)/,
    within: shipped,
    except: { 'electron/engine-process.ts': 'a type of the port that main hands over' },
  },
];

/** Tests and their helpers may do worse: they play the other side. */
const sources = ['electron', 'renderer', 'shared', 'lab', 'scripts']
  .flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
      path.posix.join(folder, file.split(path.sep).join('/')),
    ),
  )
  .filter((file) => /\.(tsx?|mjs|html)$/.test(file) && !/\.test\.tsx?$|\/testing\//.test(file))
  .map((file) => ({ file, text: readFileSync(path.join(root, file), 'utf8') }));

const text = (file: string) => sources.find((source) => source.file === file)?.text ?? '';

describe('no source file has', () => {
  it.each(checks)('$name', ({ name, pattern, within, except }) => {
    const allowed = name === 'Electron outside the shell' ? shell : undefined;
    const findings = sources
      .filter(({ file }) => (within?.test(file) ?? true) && !allowed?.test(file) && !except?.[file])
      .filter((source) => pattern.test(source.text))
      .map(({ file }) => file);
    expect(findings).toEqual([]);
  });
});

describe('every exception is needed', () => {
  it.each(
    checks.flatMap(({ pattern, except }) => Object.keys(except ?? {}).map((file) => ({ file, pattern }))),
  )('$file', ({ file, pattern }) => {
    expect(pattern.test(text(file))).toBe(true);
  });
});

describe('the shell has', () => {
  it.each([
    ['the sandbox for all', 'electron/shell/lock-down.ts', /enableSandbox\(\)/],
    ['a guard of navigation', 'electron/shell/lock-down.ts', /'will-navigate'/],
    ['a guard of frames', 'electron/shell/lock-down.ts', /'will-frame-navigate'/],
    ['a guard of redirects', 'electron/shell/lock-down.ts', /'will-redirect'/],
    ['a guard of webviews', 'electron/shell/lock-down.ts', /'will-attach-webview'/],
    ['a guard of new windows', 'electron/shell/lock-down.ts', /setWindowOpenHandler/],
    ['a permission request handler', 'electron/shell/lock-down.ts', /setPermissionRequestHandler/],
    ['a permission check handler', 'electron/shell/lock-down.ts', /setPermissionCheckHandler/],
    ['a device handler', 'electron/shell/lock-down.ts', /setDevicePermissionHandler/],
    [
      'a certificate policy',
      'electron/shell/lock-down.ts',
      /'certificate-error'[^]*setCertificateVerifyProc/,
    ],
    ['an answer to certificate choosers', 'electron/shell/lock-down.ts', /'select-client-certificate'/],
    ['a request filter', 'electron/shell/lock-down.ts', /onBeforeRequest/],
    ['a single instance', 'electron/main.ts', /requestSingleInstanceLock/],
    ['a frozen bridge', 'electron/preload.ts', /Object\.freeze\(\{ connect \}\)/],
    ['a care for crashes', 'electron/shell/window.ts', /'render-process-gone'/],
    ['a care for hangs', 'electron/shell/window.ts', /'unresponsive'/],
  ])('%s', (_what, file, pattern) => {
    expect(text(file)).toMatch(pattern);
  });

  it('no top-level await, with which Electron would wait for itself', () => {
    expect(text('electron/main.ts')).not.toMatch(/^await |= await app\.whenReady|^\s*await app\.whenReady/m);
  });

  it('one exposed object', () => {
    const exposures = sources.filter((source) => source.text.includes('exposeInMainWorld'));
    expect(exposures.map(({ file }) => file)).toEqual(['electron/preload.ts']);
  });
});
