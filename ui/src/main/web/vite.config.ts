import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Absolute, because the same page is served at /, /search and /trace/{id}.
  base: '/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    // data: URLs and the preload polyfill would need exceptions in the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  // A machine that is busy with other things is no failure.
  test: { testTimeout: 60_000 },
  server: {
    proxy: Object.fromEntries(['/api', '/v1', '/tempo', '/zipkin'].map(path => [path, 'http://localhost:16686'])),
  },
})
