import { createReadStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type * as Playwright from '@playwright/test';
import type * as Vite from 'vite';
import { findChromium } from '../scripts/lib/browsers.mjs';
import type { BenchApi } from './pages/page.ts';

/**
 * The bench itself is bundled into one file; tools as large as these are loaded from where they are installed instead.
 * A name in a variable is what keeps the bundler from following it.
 */
async function installed<T>(name: string): Promise<T> {
  return (await import(/* @vite-ignore */ name)) as T;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.woff2': 'font/woff2',
};

/** Builds the pages as the product is built, into a folder that is removed at the end. Returns the folder. */
async function buildPages(root: string): Promise<string> {
  const vite = await installed<typeof Vite>('vite');
  const { default: react } = await installed<{ default: () => Vite.PluginOption }>('@vitejs/plugin-react');
  const outDir = mkdtempSync(path.join(os.tmpdir(), 'gantry-bench-'));
  const pages = path.join(root, 'bench/pages');
  await vite.build({
    configFile: false,
    root: pages,
    base: './',
    logLevel: 'warn',
    plugins: [react()],
    worker: { format: 'es' },
    build: {
      outDir,
      emptyOutDir: true,
      target: 'chrome130',
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 5_000,
      rolldownOptions: { input: ['map.html', 'peer.html'].map((page) => path.join(pages, page)) },
    },
  });
  return outDir;
}

/** A headless browser with the bench's pages. */
export interface Browser {
  /** Opens a page of its own; `use` calls what the page exposes. */
  withPage<T>(address: string, use: (call: Call, page: Playwright.Page) => Promise<T>): Promise<T>;
  readonly version: string;
  close(): Promise<void>;
}

export type Call = <K extends keyof BenchApi>(
  name: K,
  ...args: Parameters<BenchApi[K]>
) => Promise<Awaited<ReturnType<BenchApi[K]>>>;

/** Throws when there is no browser of the Chromium family. */
export async function openBrowser(root: string): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error('no Chromium was found; set GANTRY_CHROMIUM to one');
  const folder = await buildPages(root);
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? '/', 'http://localhost').pathname;
    const file = path.join(folder, path.normalize(name));
    if (!file.startsWith(folder) || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': types[path.extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { chromium } = await installed<typeof Playwright>('@playwright/test');
  const browser = await chromium.launch({ executablePath });
  const { port } = server.address() as AddressInfo;
  return {
    version: browser.version(),
    async withPage(address, use) {
      const page = await browser.newPage({ viewport: { width: 1_280, height: 800 } });
      try {
        await page.goto(`http://127.0.0.1:${port}/${address}`);
        await page.waitForFunction(() => window.bench !== undefined, null, { timeout: 60_000 });
        const call: Call = (name, ...args) =>
          page.evaluate(
            ([method, values]) =>
              (window.bench![method as 'firstPaint'] as (...given: unknown[]) => Promise<never>)(...values),
            [name, args] as const,
          );
        return await use(call, page);
      } finally {
        await page.close();
      }
    },
    async close() {
      await browser.close();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
