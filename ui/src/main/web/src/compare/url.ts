import { readTraceId } from '../format'
import { fromUrl, toUrl, type SearchQuery } from '../search/query'
import type { Measure, Shown } from './traceDiff'

/** What is compared with what; the page's address holds exactly this. */
export type Comparison =
  /** Two traces, of which the second may not be chosen yet. */
  | { kind: 'traces'; left: string; right: string | undefined; shown: Shown; measure: Measure }
  /** What two searches find. Traces of the first are left out of the second, so the second may be wider. */
  | { kind: 'sets'; a: SearchQuery; b: SearchQuery }
  | { kind: 'nothing' }

/** Reads it; `names` are those of the path, where Jaeger's links have both ids. */
export function readComparison(
  parameters: URLSearchParams,
  names: Readonly<Record<string, string>> = {},
): Comparison {
  const left = readTraceId(names['left'] ?? parameters.get('left') ?? '')
  const right = readTraceId(names['right'] ?? parameters.get('right') ?? '')
  const one = left ?? right
  if (one !== undefined) {
    const shown = parameters.get('show')
    return {
      kind: 'traces',
      left: one,
      right: left === undefined ? undefined : right,
      shown: shown === 'all' ? 'all' : 'differences',
      measure: parameters.get('time') === 'self' ? 'self' : 'total',
    }
  }
  const a = parameters.get('a')
  const b = parameters.get('b')
  if (a !== null && b !== null) {
    return { kind: 'sets', a: fromUrl(new URLSearchParams(a)), b: fromUrl(new URLSearchParams(b)) }
  }
  return { kind: 'nothing' }
}

export function tracesUrl(
  left: string,
  right: string | undefined,
  { shown = 'differences', measure = 'total' }: { shown?: Shown; measure?: Measure } = {},
): string {
  const url = new URLSearchParams({ left })
  if (right !== undefined) url.set('right', right)
  if (shown !== 'differences') url.set('show', shown)
  if (measure !== 'total') url.set('time', measure)
  return `/compare?${url}`
}

export function setsUrl(a: SearchQuery, b: SearchQuery): string {
  return `/compare?${new URLSearchParams({ a: parametersOf(a), b: parametersOf(b) })}`
}

/** A query as the address of its search has it, without the path and what it is to be compared with. */
export function parametersOf(query: SearchQuery): string {
  return toUrl({ ...query, against: '', order: 'newest' }).replace(/^\/search\??/, '')
}
