import { defineConfig } from 'vite'

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
  server: {
    proxy: Object.fromEntries(['/api', '/v1', '/tempo', '/zipkin'].map(path => [path, 'http://localhost:16686'])),
  },
})
