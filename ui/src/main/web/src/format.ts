// Numbers and times as people read them. Spans count in microseconds.

const MS = 1_000
const SECOND = 1_000 * MS
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export function formatDuration(micros: number): string {
  if (micros < 0) return `−${formatDuration(-micros)}`
  if (micros > 0 && micros < 1) return `${Math.round(1000 * micros)} ns`
  if (micros < MS) return `${Math.round(micros)} µs`
  if (micros < 999.5 * MS) return `${significant(micros / MS)} ms`
  if (micros < 59.95 * SECOND) return `${significant(micros / SECOND)} s`
  const seconds = Math.round(micros / SECOND)
  if (seconds < 3600) return pair(Math.floor(seconds / 60), 'm', seconds % 60, 's')
  const minutes = Math.round(micros / MINUTE)
  if (minutes < 24 * 60) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'm')
  const hours = Math.round(micros / HOUR)
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

/** A time on a scale, in nanoseconds. */
export function formatTick(nanos: number): string {
  return nanos === 0 ? '0' : formatDuration(nanos / 1000)
}

/** Reads Go's duration text, such as `1m30s` or `250ms`; undefined when it is not one. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined
  const units: Record<string, number> = { ns: 0.001, us: 1, µs: 1, ms: MS, s: SECOND, m: MINUTE, h: HOUR }
  let micros = 0
  for (const [, amount, , unit] of text.matchAll(/(\d+(\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
    micros += Number(amount) * units[unit!]!
  }
  return micros
}

/** Local date and time to the millisecond. */
export function formatTime(micros: number): string {
  const date = new Date(micros / 1000)
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`
  return `${day} ${time}.${pad(date.getMilliseconds(), 3)}`
}

export function formatAge(micros: number, nowMicros: number): string {
  const age = nowMicros - micros
  if (age < -SECOND) return 'in the future'
  if (age < 10 * SECOND) return 'just now'
  if (age < MINUTE) return `${Math.floor(age / SECOND)} s ago`
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min ago`
  if (age < 2 * DAY) return `${Math.floor(age / HOUR)} h ago`
  return `${Math.floor(age / DAY)} days ago`
}

export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : many}`
}

export function shortId(id: string): string {
  return id.slice(0, 8)
}

/** A share in percent, with so many digits as say something. */
export function formatShare(part: number, whole: number): string {
  const percent = whole === 0 ? 100 : (100 * part) / whole
  return percent > 0 && percent < 0.1 ? 'below 0.1%' : `${Number(percent.toFixed(1))}%`
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  if (bytes < 999_500) return `${significant(bytes / 1000)} kB`
  return `${significant(bytes / 1e6)} MB`
}

/** The trace id in pasted text (an id, or a link to a trace page); undefined when there is none. */
export function readTraceId(text: string): string | undefined {
  const pasted = text.trim()
  const candidate = /\/trace\/([^/?#]+)/.exec(pasted)?.[1] ?? pasted.replaceAll('-', '')
  return /^[0-9a-f]{1,32}$/i.test(candidate) ? candidate.toLowerCase() : undefined
}

function significant(value: number): string {
  const digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0
  return String(Number(value.toFixed(digits)))
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit} ${small}${smallUnit}`
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, '0')
}
