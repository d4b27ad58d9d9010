import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'

/** Where the reader is. A new object for each visit, so the same search can be asked again. */
export interface Route {
  path: string
  /** The named groups of the page's path, decoded. */
  names: Readonly<Record<string, string>>
  parameters: URLSearchParams
}

/** The groups of a path that matches, decoded; undefined when it does not match. */
export function matchPath(pattern: RegExp, path: string): Record<string, string> | undefined {
  const match = pattern.exec(path)
  if (!match) return undefined
  return Object.fromEntries(Object.entries(match.groups ?? {}).map(([name, text]) => [name, decode(text ?? '')]))
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const MOVED = 'millrace:moved'

export function go(url: string): void {
  history.pushState(null, '', url)
  scrollTo(0, 0)
  dispatchEvent(new Event(MOVED))
}

/** Like `go`, without a step for the back button. */
export function goInstead(url: string): void {
  history.replaceState(history.state, '', url)
  dispatchEvent(new Event(MOVED))
}

/** Writes the URL for sharing without visiting it. */
export function rememberUrl(url: string): void {
  history.replaceState(history.state, '', url)
}

export interface Place {
  path: string
  parameters: URLSearchParams
}

/** The address in the browser's bar, anew at each visit. */
export function usePlace(): Place {
  const [place, setPlace] = useState(here)
  useEffect(() => {
    const update = () => setPlace(here())
    addEventListener('popstate', update)
    addEventListener(MOVED, update)
    return () => {
      removeEventListener('popstate', update)
      removeEventListener(MOVED, update)
    }
  }, [])
  return place
}

function here(): Place {
  return { path: location.pathname, parameters: new URLSearchParams(location.search) }
}

interface LinkProps {
  href: string
  class?: string
  title?: string
  'aria-current'?: 'page' | undefined
  'aria-label'?: string
  children: ComponentChildren
}

/** A link to another page of this UI. */
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
