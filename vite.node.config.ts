import { builtinModules } from 'node:module';
import path from 'node:path';
import { defineConfig } from 'vite';

/**
 * Everything that runs in Node or Electron's Node, one file (and shared chunks) each. `GANTRY_ENTRIES` is a JSON object
 * of output name → source; scripts/build.mjs sets it.
 */
const entries = JSON.parse(process.env['GANTRY_ENTRIES'] ?? '{}') as Record<string, string>;

export default defineConfig({
  root: import.meta.dirname,
  ssr: { noExternal: true, external: ['electron', 'bufferutil', 'utf-8-validate'] },
  build: {
    ssr: true,
    outDir: path.join(import.meta.dirname, 'dist'),
    emptyOutDir: false,
    target: 'node20',
    minify: false,
    rolldownOptions: {
      input: entries,
      external: ['electron', 'bufferutil', 'utf-8-validate', ...builtinModules, /^node:/],
      output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
    },
  },
});
