import { builtinModules } from 'node:module';
import path from 'node:path';
import { defineConfig } from 'vite';

/** `GANTRY_ENTRIES`, set by scripts/lib/build.mjs: a JSON object of output name → source. */
const entries = JSON.parse(process.env['GANTRY_ENTRIES'] ?? '{}') as Record<string, string>;

/**
 * Packages become part of what is shipped. `GANTRY_PACKAGES=external` leaves them in node_modules, for tools like the
 * bench that never leave the project.
 */
const bundled = process.env['GANTRY_PACKAGES'] !== 'external';

/** Electron itself, and what `ws` and `ssh2` would use if it were installed: compiled code, which they do without. */
const never = ['electron', 'bufferutil', 'utf-8-validate', 'cpu-features'];

/** Everything that runs in Node or in Electron's Node: one file each, and shared chunks. */
export default defineConfig({
  root: import.meta.dirname,
  ssr: bundled ? { noExternal: true, external: never } : {},
  // ssh2 looks beside itself for a helper of PuTTY's agent, and would not load at all without the name.
  define: { __dirname: 'import.meta.dirname' },
  build: {
    ssr: true,
    outDir: path.join(import.meta.dirname, 'dist'),
    emptyOutDir: false,
    target: 'node20',
    minify: false,
    rolldownOptions: {
      input: entries,
      external: [...never, ...builtinModules, /^node:/, /sshcrypto\.node$/],
      output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
    },
  },
});
