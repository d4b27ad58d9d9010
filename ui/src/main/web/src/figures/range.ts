// Which time a page of figures shows: the last while, or from one moment to another. It stands in the URL as
// lookback=1h, or as start and end.

export interface TimeRange {
  /** Milliseconds since the epoch. */
  start: number
  end: number
  /** The choice that follows the clock; undefined for a range that stands. */
  lookback: string | undefined
}

const MINUTE = 60_000

export const LOOKBACKS = [
  { value: '5m', label: 'Last 5 minutes', millis: 5 * MINUTE },
  { value: '15m', label: 'Last 15 minutes', millis: 15 * MINUTE },
  { value: '1h', label: 'Last hour', millis: 60 * MINUTE },
  { value: '6h', label: 'Last 6 hours', millis: 6 * 60 * MINUTE },
  { value: '24h', label: 'Last 24 hours', millis: 24 * 60 * MINUTE },
  { value: '7d', label: 'Last 7 days', millis: 7 * 24 * 60 * MINUTE },
  { value: '30d', label: 'Last 30 days', millis: 30 * 24 * 60 * MINUTE },
] as const

const USUAL = LOOKBACKS[2]

/** The most that the server tells figures of at once. */
export const LONGEST = 31 * 24 * 60 * MINUTE

export function readRange(parameters: URLSearchParams, now: number): TimeRange {
  const start = readTime(parameters.get('start'))
  const end = readTime(parameters.get('end'))
  if (start !== undefined && end !== undefined && start < end && end - start <= LONGEST) {
    return { start, end, lookback: undefined }
  }
  const choice = LOOKBACKS.find(one => one.value === parameters.get('lookback')) ?? USUAL
  return { start: now - choice.millis, end: now, lookback: choice.value }
}

/** A time as RFC 3339 has it, or in nanoseconds since the epoch. */
function readTime(text: string | null): number | undefined {
  if (text === null || text === '') return undefined
  const millis = /^\d+$/.test(text) ? Number(text) / 1e6 : Date.parse(text)
  return Number.isFinite(millis) ? millis : undefined
}

/** The range as it stands in the URL; nothing for the usual one. */
export function rangeParameters(range: TimeRange): Record<string, string> {
  if (range.lookback === undefined) return bounds(range)
  return range.lookback === USUAL.value ? {} : { lookback: range.lookback }
}

/** Both ends, as the API and the search take them. */
export function bounds(range: { start: number; end: number }): { start: string; end: string } {
  return { start: new Date(range.start).toISOString(), end: new Date(range.end).toISOString() }
}

/** A URL with those parameters that say something. */
export function urlOf(path: string, parameters: Record<string, string | number | undefined>): string {
  const url = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') url.set(name, String(value))
  }
  const text = url.toString()
  return text === '' ? path : `${path}?${text}`
}

/** A moment as a field of type datetime-local has it, in the reader's own time. */
export function toField(millis: number): string {
  const date = new Date(millis)
  return new Date(millis - date.getTimezoneOffset() * MINUTE).toISOString().slice(0, 16)
}

export function fromField(text: string): number | undefined {
  const millis = new Date(text).getTime()
  return Number.isFinite(millis) ? millis : undefined
}
