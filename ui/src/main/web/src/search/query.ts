import { parseDuration } from '../format'

/** What the search form asks for; the page's URL holds exactly this. */
export interface SearchQuery {
  service: string
  operation: string
  tags: string
  minDuration: string
  maxDuration: string
  lookback: string
  limit: number
}

export const LOOKBACKS = [
  { value: '15m', label: 'Last 15 minutes', micros: 15 * 60e6 },
  { value: '1h', label: 'Last hour', micros: 3600e6 },
  { value: '6h', label: 'Last 6 hours', micros: 6 * 3600e6 },
  { value: '24h', label: 'Last 24 hours', micros: 24 * 3600e6 },
  { value: '2d', label: 'Last 2 days', micros: 48 * 3600e6 },
] as const

export const MAX_LIMIT = 1500
const DEFAULT_LOOKBACK = '1h'
const DEFAULT_LIMIT = 20

export function fromUrl(url: URLSearchParams): SearchQuery {
  const lookback = url.get('lookback') ?? ''
  const limit = Number(url.get('limit'))
  return {
    service: url.get('service') ?? '',
    operation: url.get('operation') ?? '',
    tags: url.get('tags') ?? '',
    minDuration: url.get('minDuration') ?? '',
    maxDuration: url.get('maxDuration') ?? '',
    lookback: LOOKBACKS.some(choice => choice.value === lookback) ? lookback : DEFAULT_LOOKBACK,
    limit: Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT ? limit : DEFAULT_LIMIT,
  }
}

export function toUrl(query: SearchQuery): string {
  const url = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value !== '') url.set(key, String(value))
  }
  return `/search?${url}`
}

/** The parameters of `/api/traces`. */
export function toApi(query: SearchQuery, nowMicros: number): URLSearchParams {
  const lookback = LOOKBACKS.find(choice => choice.value === query.lookback)?.micros ?? 3600e6
  const api = new URLSearchParams({
    service: query.service,
    start: String(Math.round(nowMicros - lookback)),
    end: String(Math.round(nowMicros)),
    limit: String(query.limit),
  })
  if (query.operation) api.set('operation', query.operation)
  if (query.minDuration) api.set('minDuration', query.minDuration)
  if (query.maxDuration) api.set('maxDuration', query.maxDuration)
  const tags = parseTags(query.tags)
  if (Object.keys(tags).length > 0) api.set('tags', JSON.stringify(tags))
  return api
}

/** What is wrong with the query, in words; undefined when it can be asked. */
export function problemOf(query: SearchQuery): string | undefined {
  try {
    parseTags(query.tags)
  } catch (error) {
    return (error as Error).message
  }
  const min = query.minDuration ? parseDuration(query.minDuration) : 0
  const max = query.maxDuration ? parseDuration(query.maxDuration) : Infinity
  if (min === undefined) return `min duration: ${query.minDuration} (expected: such as 250ms or 1.5s)`
  if (max === undefined) return `max duration: ${query.maxDuration} (expected: such as 250ms or 1.5s)`
  if (min > max) return `min duration: ${query.minDuration} (expected: at most the max duration, ${query.maxDuration})`
  return undefined
}

/** Reads `key=value other="quoted value"`; within quotes, a backslash keeps the next character. */
export function parseTags(text: string): Record<string, string> {
  const tags: Record<string, string> = {}
  const pattern = /\s*([^\s="]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?=\s|$)/y
  const rest = text.trimEnd()
  while (pattern.lastIndex < rest.length) {
    const at = pattern.lastIndex
    const match = pattern.exec(rest)
    if (!match) throw new Error(`tags: ${rest.slice(at).trim()} (expected: key=value or key="a value")`)
    const value = match[2]!
    tags[match[1]!] = value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value
  }
  return tags
}
