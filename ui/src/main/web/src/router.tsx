import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'

/** Where the reader is. A new object for each visit, so the same search can be asked again. */
export type Route = SearchRoute | TraceRoute | { page: 'unknown'; path: string }

export interface SearchRoute {
  page: 'search'
  parameters: URLSearchParams
}

export interface TraceRoute {
  page: 'trace'
  id: string
  /** The span to open, when the link names one. */
  span: string | undefined
}

export function readRoute(path: string, search: string): Route {
  const parameters = new URLSearchParams(search)
  if (path === '/' || path === '/search' || path === '/search/') return { page: 'search', parameters }
  const id = /^\/trace\/([^/]+)\/?$/.exec(path)?.[1]
  if (id !== undefined) return { page: 'trace', id, span: parameters.get('span') ?? undefined }
  return { page: 'unknown', path }
}

const MOVED = 'millrace:moved'

export function go(url: string): void {
  history.pushState(null, '', url)
  scrollTo(0, 0)
  dispatchEvent(new Event(MOVED))
}

/** Like `go`, without a step for the back button. */
export function goInstead(url: string): void {
  history.replaceState(null, '', url)
  dispatchEvent(new Event(MOVED))
}

/** Writes the URL for sharing without visiting it. */
export function rememberUrl(url: string): void {
  history.replaceState(null, '', url)
}

export function useRoute(): Route {
  const [route, setRoute] = useState(here)
  useEffect(() => {
    const update = () => setRoute(here())
    addEventListener('popstate', update)
    addEventListener(MOVED, update)
    return () => {
      removeEventListener('popstate', update)
      removeEventListener(MOVED, update)
    }
  }, [])
  return route
}

function here(): Route {
  return readRoute(location.pathname, location.search)
}

interface LinkProps {
  href: string
  class?: string
  title?: string
  children: ComponentChildren
}

export function Link({ href, children, ...rest }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    go(href)
  }
  return (
    <a href={href} onClick={follow} {...rest}>
      {children}
    </a>
  )
}
