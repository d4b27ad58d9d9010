import { getJson, type Gaps } from '../api'
import type { ServiceCount } from '../components/ServiceChips'
import { searchPath, traceqlPath, type Order, type SearchQuery } from './query'

/** A trace in a list of results. Times are microseconds. */
export interface TraceSummary {
  id: string
  /** Of the root; undefined while that has not arrived. */
  service: string | undefined
  operation: string | undefined
  start: number
  duration: number
  /** Whether the duration is known only to the millisecond. */
  coarse: boolean
  spans: number
  errors: number
  services: ServiceCount[]
}

export interface ResultPage {
  traces: TraceSummary[]
  /** Where the next page begins. */
  next: string | undefined
  reasons: string[]
}

interface NativePage extends Gaps {
  traces: {
    traceId: string
    rootService: string | null
    rootOperation: string | null
    startTimeUnixNano: string
    durationNanos: string
    spanCount: number
    errorCount: number
    services: { name: string; spanCount: number; errorCount: number }[]
  }[]
  nextCursor: string | null
}

interface TempoPage {
  traces?: {
    traceID: string
    rootServiceName?: string
    rootTraceName?: string
    startTimeUnixNano: string
    durationMs?: number
    serviceStats?: Record<string, { spanCount?: number; errorCount?: number }>
  }[]
  metrics?: { completedJobs?: number; totalJobs?: number }
}

/** One page of what a query finds, `now` being the moment from which it looks back. */
export async function fetchPage(
  query: SearchQuery,
  now: number,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<ResultPage> {
  return query.mode === 'traceql'
    ? tempoPage(await getJson<TempoPage>(traceqlPath(query, now, cursor), signal), query.limit, cursor)
    : nativePage(await getJson<NativePage>(searchPath(query, now, cursor), signal))
}

export function nativePage(page: NativePage): ResultPage {
  return {
    traces: page.traces.map(trace => ({
      id: trace.traceId,
      service: trace.rootService ?? undefined,
      operation: trace.rootOperation ?? undefined,
      start: Number(BigInt(trace.startTimeUnixNano) / 1000n),
      duration: Number(trace.durationNanos) / 1000,
      coarse: false,
      spans: trace.spanCount,
      errors: trace.errorCount,
      services: trace.services.map(service => ({
        name: service.name,
        spans: service.spanCount,
        errors: service.errorCount,
      })),
    })),
    next: page.nextCursor ?? undefined,
    reasons: page.reasons ?? [],
  }
}

const NO_ROOT = '<root span not yet received>'

/** Tempo's API knows no cursor: the next page ends in the second in which the last trace of this one began. */
export function tempoPage(page: TempoPage, limit: number, cursor: string | undefined): ResultPage {
  const traces = (page.traces ?? []).map((trace): TraceSummary => {
    const services = Object.entries(trace.serviceStats ?? {})
      .map(([name, stats]) => ({ name, spans: stats.spanCount ?? 0, errors: stats.errorCount ?? 0 }))
      .sort((a, b) => b.spans - a.spans || (a.name < b.name ? -1 : 1))
    return {
      id: trace.traceID.padStart(32, '0'),
      service: trace.rootServiceName === NO_ROOT ? undefined : trace.rootServiceName,
      operation: trace.rootServiceName === NO_ROOT ? undefined : trace.rootTraceName,
      start: Number(BigInt(trace.startTimeUnixNano) / 1000n),
      duration: (trace.durationMs ?? 0) * 1000,
      coarse: true,
      spans: services.reduce((sum, service) => sum + service.spans, 0),
      errors: services.reduce((sum, service) => sum + service.errors, 0),
      services,
    }
  })
  const oldest = traces.reduce((least, trace) => Math.min(least, trace.start), Infinity)
  const end = String(Math.floor(oldest / 1e6) + 1)
  const { completedJobs, totalJobs } = page.metrics ?? {}
  const cut = completedJobs !== undefined && totalJobs !== undefined && completedJobs < totalJobs
  return {
    traces,
    next: traces.length >= limit && end !== cursor ? end : undefined,
    reasons: cut ? ['not all traces of this time were looked at'] : [],
  }
}

/** The traces of further pages after those that are there, each once. */
export function joined(before: readonly TraceSummary[], more: readonly TraceSummary[]): TraceSummary[] {
  const ids = new Set(before.map(trace => trace.id))
  return [...before, ...more.filter(trace => !ids.has(trace.id))]
}

export function ordered(traces: readonly TraceSummary[], order: Order): TraceSummary[] {
  const newest = (a: TraceSummary, b: TraceSummary) => b.start - a.start
  const by: Record<Order, (a: TraceSummary, b: TraceSummary) => number> = {
    newest,
    longest: (a, b) => b.duration - a.duration || newest(a, b),
    spans: (a, b) => b.spans - a.spans || newest(a, b),
    errors: (a, b) => b.errors - a.errors || newest(a, b),
  }
  return [...traces].sort(by[order])
}
