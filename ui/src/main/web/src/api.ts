// Jaeger's JSON query API, as far as this page reads it.

export type TagValue = string | number | boolean

export interface Tag {
  key: string
  type?: string
  value: TagValue
}

export interface SpanReference {
  refType: 'CHILD_OF' | 'FOLLOWS_FROM'
  traceID: string
  spanID: string
}

export interface SpanLog {
  /** Microseconds since the epoch. */
  timestamp: number
  fields: Tag[]
}

export interface JaegerSpan {
  traceID: string
  spanID: string
  operationName: string
  references?: SpanReference[] | null
  /** Microseconds since the epoch. */
  startTime: number
  /** Microseconds. */
  duration: number
  tags?: Tag[] | null
  logs?: SpanLog[] | null
  processID: string
  warnings?: string[] | null
}

export interface JaegerProcess {
  serviceName: string
  tags?: Tag[] | null
}

export interface JaegerTrace {
  traceID: string
  spans: JaegerSpan[]
  processes: Record<string, JaegerProcess>
  warnings?: string[] | null
}

interface Envelope<T> {
  data: T | null
  errors?: { code?: number; msg: string }[] | null
}

/** Why a request failed, in words for the reader, and whether asking again may help. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number | undefined,
    readonly transient: boolean,
  ) {
    super(message)
  }
}

const TIMEOUT_MS = 60_000

export function fetchServices(signal: AbortSignal): Promise<string[]> {
  return get<string[]>('/api/services', signal).then(names => [...(names ?? [])].sort(byName))
}

export function fetchOperations(service: string, signal: AbortSignal): Promise<string[]> {
  const path = `/api/services/${encodeURIComponent(service)}/operations`
  return get<string[]>(path, signal).then(names => [...(names ?? [])].sort(byName))
}

export function fetchTraces(parameters: URLSearchParams, signal: AbortSignal): Promise<JaegerTrace[]> {
  return get<JaegerTrace[]>(`/api/traces?${parameters}`, signal).then(traces => traces ?? [])
}

/** The trace, or undefined when the server does not have it. */
export async function fetchTrace(id: string, signal: AbortSignal): Promise<JaegerTrace | undefined> {
  try {
    const traces = await get<JaegerTrace[]>(tracePath(id), signal)
    return traces?.[0]
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}

export function tracePath(id: string): string {
  return `/api/traces/${encodeURIComponent(id)}`
}

async function get<T>(path: string, signal: AbortSignal): Promise<T | null> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
  let response: Response
  let text: string
  try {
    response = await fetch(path, { signal: bounded, headers: { Accept: 'application/json' } })
    text = await response.text()
  } catch (error) {
    if (signal.aborted) throw error
    const message = bounded.aborted ? `no answer within ${TIMEOUT_MS / 1000} s` : 'connection failed'
    throw new ApiError(message, undefined, true)
  }
  const envelope = parse<T>(text)
  if (!response.ok) {
    const reason = envelope?.errors?.[0]?.msg ?? `HTTP ${response.status} ${response.statusText}`.trim()
    throw new ApiError(reason, response.status, response.status >= 500 || response.status === 429)
  }
  if (envelope === undefined) throw new ApiError('the answer is not JSON', response.status, true)
  return envelope.data
}

function parse<T>(text: string): Envelope<T> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Envelope<T>) : undefined
  } catch {
    return undefined
  }
}

function byName(a: string, b: string): number {
  return a.localeCompare(b)
}
