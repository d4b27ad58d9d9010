import { parseDuration } from '../format'

/** What the search page asks for; the page's address holds exactly this. */
export interface SearchQuery {
  mode: 'form' | 'traceql'
  /** The query of those who type. */
  traceql: string
  service: string
  operation: string
  errors: boolean
  attributes: AttributeMatch[]
  minDuration: string
  maxDuration: string
  time: QueryTime
  limit: number
  order: Order
  /** The parameters of another search with which this one's traces are to be compared; empty without. */
  against: string
}

export interface AttributeMatch {
  key: string
  value: string
}

/** The last so much of time, or two moments in microseconds since the epoch. */
export type QueryTime = { lookback: string } | { start: number; end: number }

export const ORDERS = [
  { order: 'newest', label: 'Newest first' },
  { order: 'longest', label: 'Longest first' },
  { order: 'spans', label: 'Most spans first' },
  { order: 'errors', label: 'Most errors first' },
] as const

export type Order = (typeof ORDERS)[number]['order']

export const LOOKBACKS = [
  { value: '5m', label: 'Last 5 minutes' },
  { value: '15m', label: 'Last 15 minutes' },
  { value: '1h', label: 'Last hour' },
  { value: '6h', label: 'Last 6 hours' },
  { value: '24h', label: 'Last 24 hours' },
  { value: '2d', label: 'Last 2 days' },
  { value: '7d', label: 'Last 7 days' },
] as const

export const MAX_LIMIT = 500
const DEFAULT_LOOKBACK = '1h'
const DEFAULT_LIMIT = 50

/** Reads an address, also one that Jaeger's UI made: `tags` as JSON, `tag=key:value`, times in microseconds. */
export function fromUrl(url: URLSearchParams): SearchQuery {
  const limit = Number(url.get('limit'))
  const order = url.get('order')
  const traceql = url.get('q') ?? ''
  const attributes = attributesIn(url)
  return {
    mode: url.has('q') ? 'traceql' : 'form',
    traceql,
    service: url.get('service') ?? '',
    operation: url.get('operation') === 'all' ? '' : (url.get('operation') ?? ''),
    errors: url.get('status') === 'error' || attributes.some(isError),
    attributes: attributes.filter(match => !isError(match)),
    minDuration: url.get('minDuration') ?? '',
    maxDuration: url.get('maxDuration') ?? '',
    time: timeIn(url),
    limit: Number.isInteger(limit) && limit >= 1 ? Math.min(limit, MAX_LIMIT) : DEFAULT_LIMIT,
    order: ORDERS.find(choice => choice.order === order)?.order ?? 'newest',
    against: url.get('against') ?? '',
  }
}

/** What Jaeger's users write for a span that failed. */
function isError(match: AttributeMatch): boolean {
  return match.key === 'error' && match.value === 'true'
}

function attributesIn(url: URLSearchParams): AttributeMatch[] {
  const found: AttributeMatch[] = []
  for (const text of url.getAll('attribute')) {
    const at = text.indexOf('=')
    if (at > 0) found.push({ key: text.slice(0, at), value: text.slice(at + 1) })
  }
  for (const text of url.getAll('tag')) {
    const at = text.indexOf(':')
    if (at > 0) found.push({ key: text.slice(0, at), value: text.slice(at + 1) })
  }
  const tags = url.get('tags')
  if (tags) {
    try {
      const map: unknown = JSON.parse(tags)
      if (typeof map === 'object' && map !== null) {
        for (const [key, value] of Object.entries(map)) found.push({ key, value: String(value) })
      }
    } catch {
      found.push(...parseTags(tags))
    }
  }
  return found
}

function timeIn(url: URLSearchParams): QueryTime {
  const start = parseTime(url.get('start') ?? '')
  const end = parseTime(url.get('end') ?? '')
  if (start !== undefined && end !== undefined && start < end) return { start, end }
  const lookback = url.get('lookback') ?? ''
  return { lookback: lookbackMicros(lookback) === undefined ? DEFAULT_LOOKBACK : lookback }
}

/** Microseconds since the epoch of an RFC 3339 time, or of a number in seconds, milli-, micro- or nanoseconds. */
export function parseTime(text: string): number | undefined {
  if (/^\d+$/.test(text)) {
    const number = Number(text)
    if (number >= 1e17) return Math.round(number / 1000)
    if (number >= 1e14) return number
    if (number >= 1e11) return number * 1000
    return number * 1e6
  }
  const millis = /^\d{4}-/.test(text) ? Date.parse(text) : NaN
  return Number.isNaN(millis) ? undefined : millis * 1000
}

/** The length of `30m`, `2d` and so on in microseconds. */
export function lookbackMicros(text: string): number | undefined {
  const match = /^(\d{1,4})(s|m|h|d|w)$/.exec(text)
  if (!match || Number(match[1]) === 0) return undefined
  return Number(match[1]) * { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }[match[2] as 's']! * 1e6
}

export function toUrl(query: SearchQuery): string {
  const url = new URLSearchParams()
  const set = (key: string, value: string) => value !== '' && url.set(key, value)
  if (query.mode === 'traceql') url.set('q', query.traceql)
  else {
    set('service', query.service)
    set('operation', query.operation)
    if (query.errors) url.set('status', 'error')
    for (const { key, value } of query.attributes) url.append('attribute', `${key}=${value}`)
    set('minDuration', query.minDuration)
    set('maxDuration', query.maxDuration)
  }
  if ('lookback' in query.time) {
    if (query.time.lookback !== DEFAULT_LOOKBACK) url.set('lookback', query.time.lookback)
  } else {
    url.set('start', isoTime(query.time.start))
    url.set('end', isoTime(query.time.end))
  }
  if (query.limit !== DEFAULT_LIMIT) url.set('limit', String(query.limit))
  if (query.order !== 'newest') url.set('order', query.order)
  set('against', query.against)
  const text = url.toString()
  return text === '' ? '/search' : `/search?${text}`
}

export function isoTime(micros: number): string {
  return new Date(micros / 1000).toISOString()
}

/** The moments between which a query looks, in microseconds since the epoch. */
export function boundsOf(time: QueryTime, now: number): { start: number; end: number } {
  if ('start' in time) return time
  return { start: now - (lookbackMicros(time.lookback) ?? 3600e6), end: now }
}

/** The path that asks for a page of a form's query. */
export function searchPath(query: SearchQuery, now: number, cursor: string | undefined): string {
  const { start, end } = boundsOf(query.time, now)
  const url = new URLSearchParams()
  const set = (key: string, value: string) => value !== '' && url.set(key, value)
  set('service', query.service)
  set('operation', query.operation)
  if (query.errors) url.set('status', 'error')
  for (const { key, value } of query.attributes) url.append('attribute', `${key}=${value}`)
  set('minDuration', query.minDuration)
  set('maxDuration', query.maxDuration)
  url.set('start', nanos(start))
  url.set('end', nanos(end))
  url.set('limit', String(query.limit))
  if (cursor !== undefined) url.set('cursor', cursor)
  return `/v1/search?${url}`
}

/** The path that asks for a page of a TraceQL query; `cursor` is the second at which the page before ended. */
export function traceqlPath(query: SearchQuery, now: number, cursor: string | undefined): string {
  const { start, end } = boundsOf(query.time, now)
  return `/tempo/api/search?${new URLSearchParams({
    q: query.traceql,
    start: String(Math.floor(start / 1e6)),
    end: cursor ?? String(Math.ceil(end / 1e6)),
    limit: String(query.limit),
    spss: '1',
  })}`
}

function nanos(micros: number): string {
  return String(BigInt(Math.round(micros)) * 1000n)
}

/** What is wrong with the query, in words; undefined when it can be asked. */
export function problemOf(query: SearchQuery): string | undefined {
  if (query.mode === 'traceql') return undefined
  const min = query.minDuration ? parseDuration(query.minDuration) : 0
  const max = query.maxDuration ? parseDuration(query.maxDuration) : Infinity
  if (min === undefined) return `min duration: ${query.minDuration} (expected: such as 250ms or 1.5s)`
  if (max === undefined) return `max duration: ${query.maxDuration} (expected: such as 250ms or 1.5s)`
  if (min > max) return `min duration: ${query.minDuration} (expected: at most the max duration, ${query.maxDuration})`
  return undefined
}

/** The same query in TraceQL, for going on from there by hand. */
export function asTraceql(query: SearchQuery): string {
  const conditions: string[] = []
  if (query.service) conditions.push(`resource.service.name = ${literal(query.service)}`)
  if (query.operation) conditions.push(`name = ${literal(query.operation)}`)
  if (query.errors) conditions.push('status = error')
  for (const { key, value } of query.attributes) {
    const name = /^[\w.\-/]+$/.test(key) ? `.${key}` : `.${JSON.stringify(key)}`
    const bare = /^(-?\d+(\.\d+)?|true|false)$/.test(value)
    conditions.push(bare ? `(${name} = ${value} || ${name} = ${literal(value)})` : `${name} = ${literal(value)}`)
  }
  if (query.minDuration) conditions.push(`traceDuration >= ${query.minDuration}`)
  if (query.maxDuration) conditions.push(`traceDuration <= ${query.maxDuration}`)
  return `{ ${conditions.join(' && ')} }`.replace('{  }', '{ }')
}

function literal(text: string): string {
  return JSON.stringify(text)
}

/** Reads `key=value other="quoted value"`; what is not of this form is left out. */
export function parseTags(text: string): AttributeMatch[] {
  const tags: AttributeMatch[] = []
  for (const match of text.matchAll(/([^\s="]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?=\s|$)/g)) {
    const value = match[2]!
    tags.push({ key: match[1]!, value: value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value })
  }
  return tags
}
