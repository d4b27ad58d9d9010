import { useEffect, useRef, useState } from 'preact/hooks'
import { ApiError } from '../api'
import type { Failure } from '../load'
import { problemOf, toUrl, type SearchQuery } from './query'
import { useSlow } from '../slow'
import { fetchPage, joined, type TraceSummary } from './results'

/** What has been found so far. */
export interface Found {
  /** The moment from which the query looked back, in microseconds. */
  now: number
  traces: TraceSummary[]
  pages: number
  next: string | undefined
  reasons: string[]
}

export interface SearchState {
  found: Found | undefined
  busy: boolean
  failure: Failure | undefined
  /** Whether the answer has been awaited for long. */
  slow: boolean
  more: () => void
}

/** What the browser keeps with an entry of its history, so that going back leads to the same place. */
interface Kept {
  now: number
  pages: number
  scroll: number
}

const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 30_000
const FIRST_REPEAT_MS = 5_000
const LAST_REPEAT_MS = 60_000
const REMEMBERED = 8

/** The last answers, by query and moment, so that going back asks nobody. */
const answers = new Map<string, Found>()

/** Asks a query anew at each visit, but when coming back to it shows what was there. */
export function useSearch(visit: object, query: SearchQuery): SearchState {
  const [state, setState] = useState<{ found: Found | undefined; busy: boolean; failure: Failure | undefined }>({
    found: undefined,
    busy: true,
    failure: undefined,
  })
  const key = toUrl({ ...query, order: 'newest', against: '' })
  const more = useRef<() => void>(() => {})

  useEffect(() => {
    if (problemOf(query) !== undefined) {
      setState({ found: undefined, busy: false, failure: undefined })
      return
    }
    const abort = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const kept = history.state as Partial<Kept> | null
    const now = kept?.now ?? Date.now() * 1000
    const remembered = kept?.now === undefined ? undefined : answers.get(`${now} ${key}`)
    let found = remembered ?? { now, traces: [], pages: 0, next: undefined, reasons: [] }
    let wanted = Math.max(1, kept?.pages ?? 1)
    let repeat = FIRST_REPEAT_MS
    /** Where something was missing, all is asked again; what was found stays in sight meanwhile. */
    const again = () => {
      wanted = found.pages
      found = { now, traces: [], pages: 0, next: undefined, reasons: [] }
      void go(FIRST_RETRY_MS)
    }

    const go = async (pause: number) => {
      try {
        while (found.pages < wanted && (found.pages === 0 || found.next !== undefined)) {
          const page = await fetchPage(query, now, found.next, abort.signal)
          if (abort.signal.aborted) return
          found = {
            now,
            traces: joined(found.traces, page.traces),
            pages: found.pages + 1,
            next: page.next,
            reasons: [...new Set([...found.reasons, ...page.reasons])],
          }
        }
        remember(`${now} ${key}`, found)
        keep({ now, pages: found.pages })
        setState({ found, busy: false, failure: undefined })
        if (found.reasons.length > 0) {
          timer = setTimeout(again, repeat)
          repeat = Math.min(2 * repeat, LAST_REPEAT_MS)
        }
      } catch (error) {
        if (abort.signal.aborted) return
        const retrying = error instanceof ApiError && error.transient
        const message = error instanceof Error ? error.message : String(error)
        setState(last => ({
          found: found.pages > 0 ? found : retrying ? last.found : undefined,
          busy: false,
          failure: { message, retrying },
        }))
        if (retrying) timer = setTimeout(go, pause, Math.min(2 * pause, LAST_RETRY_MS))
      }
    }
    more.current = () => {
      if (found.next === undefined) return
      wanted = found.pages + 1
      setState(last => ({ ...last, busy: true }))
      clearTimeout(timer)
      void go(FIRST_RETRY_MS)
    }
    if (remembered) {
      wanted = remembered.pages
      setState({ found: remembered, busy: false, failure: undefined })
    } else {
      setState(last => ({ found: last.found, busy: true, failure: undefined }))
      void go(FIRST_RETRY_MS)
    }
    return () => {
      abort.abort()
      clearTimeout(timer)
    }
  }, [visit, key])

  const slow = useSlow(state.busy, visit)
  return { ...state, slow, more: () => more.current() }
}

function remember(key: string, found: Found): void {
  answers.delete(key)
  answers.set(key, found)
  if (answers.size > REMEMBERED) answers.delete(answers.keys().next().value!)
}

/** Writes something into this entry of the history. */
function keep(kept: Partial<Kept>): void {
  history.replaceState({ ...(history.state as object | null), ...kept }, '')
}

/** Keeps how far the page is scrolled, and scrolls there again when the reader comes back. */
export function usePlaceInList(visit: object, ready: boolean): () => void {
  const restored = useRef<object | undefined>(undefined)
  useEffect(() => {
    history.scrollRestoration = 'manual'
    let timer: ReturnType<typeof setTimeout> | undefined
    const scrolled = () => {
      clearTimeout(timer)
      timer = setTimeout(keepScroll, 120)
    }
    addEventListener('scroll', scrolled, { passive: true })
    return () => {
      history.scrollRestoration = 'auto'
      clearTimeout(timer)
      removeEventListener('scroll', scrolled)
    }
  }, [])
  useEffect(() => {
    if (!ready || restored.current === visit) return
    restored.current = visit
    const { scroll } = (history.state ?? {}) as Partial<Kept>
    if (scroll !== undefined) scrollTo(0, scroll)
  }, [visit, ready])
  return keepScroll
}

function keepScroll(): void {
  keep({ scroll: Math.round(scrollY) })
}
