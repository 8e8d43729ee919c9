import { defineConfig } from 'vitest/config';

// base './': every URL in the build is relative, so that the UI works under any path. No file is inlined as data, which the CSP would refuse.
export default defineConfig({
  base: './',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    cssCodeSplit: false,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:6391' } },
  test: { include: ['src/**/*.test.ts', 'src/**/*.test.tsx'], environment: 'node' },
});
