import type { ComponentType } from 'preact'
import type { Route } from './router'

/** What a page's module exports as its default: the page, which renders its own `<main id="main">`. */
export type PageComponent = ComponentType<{ route: Route }>

export interface PageEntry {
  /** The paths that lead here; named groups become the route's names. */
  path: RegExp
  /** The entry in the header, for a page that has one. */
  entry?: { label: string; href: string }
  /** The module, fetched when the page is first visited. */
  load: () => Promise<{ default: PageComponent }>
  /** Of which names in the route a change builds the page anew instead of updating it. */
  anew?: string
}

/** Every page: the first whose path matches is shown. The header lists entries in this order. */
export const PAGES: readonly PageEntry[] = [
  {
    path: /^\/(search\/?)?$/,
    entry: { label: 'Search', href: '/search' },
    load: () => import('./search/SearchPage'),
  },
  {
    path: /^\/services\/?$/,
    entry: { label: 'Services', href: '/services' },
    load: () => import('./services/ServicesPage'),
  },
  { path: /^\/services\/(?<name>[^/]+)\/?$/, load: () => import('./services/ServicePage'), anew: 'name' },
  {
    path: /^\/pipeline\/?$/,
    entry: { label: 'Pipeline', href: '/pipeline' },
    load: () => import('./pipeline/PipelinePage'),
  },
  {
    path: /^\/sampling\/?$/,
    entry: { label: 'Sampling', href: '/sampling' },
    load: () => import('./sampling/SamplingPage'),
  },
  {
    path: /^\/compare\/?$/,
    entry: { label: 'Compare', href: '/compare' },
    load: () => import('./compare/ComparePage'),
  },
  // As Jaeger's links to a comparison are.
  {
    path: /^\/trace\/(?<left>[0-9a-f]{1,32})\.\.\.(?<right>[0-9a-f]{0,32})\/?$/i,
    load: () => import('./compare/ComparePage'),
  },
  { path: /^\/file\/?$/, load: () => import('./trace/FilePage') },
  { path: /^\/traces?\/(?<id>[^/]+)\/?$/, load: () => import('./trace/TracePage'), anew: 'id' },
]
