import path from 'node:path';
import { defineConfig } from 'vite';

/** The preload script: one CommonJS file, because a sandboxed window loads nothing else. */
export default defineConfig({
  root: import.meta.dirname,
  ssr: { noExternal: true, external: ['electron'] },
  build: {
    ssr: true,
    outDir: path.join(import.meta.dirname, 'dist'),
    emptyOutDir: false,
    target: 'chrome130',
    minify: false,
    rolldownOptions: {
      input: { preload: path.join(import.meta.dirname, 'electron/preload.ts') },
      external: ['electron'],
      output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false },
    },
  },
});
