import type { Gaps } from '../api'
import { getFigures } from '../features'
import { bounds, urlOf, type TimeRange } from '../figures/range'

/** What `/v1` tells of spans or calls: durations in nanoseconds, as text. */
export interface ApiFigures {
  seen: number
  calls: number
  errors: number
  p50Nanos: string
  p95Nanos: string
  p99Nanos: string
}

export interface Dependencies extends Gaps {
  start: string
  end: string
  links: (ApiFigures & { caller: string; callee: string; connection: string })[]
}

export interface Red extends Gaps {
  start: string
  end: string
  stepSeconds: number
  series: RedSeries[]
}

export interface RedSeries {
  service: string
  /** Absent where the operations of a service are taken together. */
  operation?: string
  kind: string
  points: (ApiFigures & { time: string })[]
}

export function fetchDependencies(range: TimeRange, service: string | undefined, signal: AbortSignal): Promise<Dependencies> {
  return getFigures<Dependencies>(urlOf('/v1/dependencies', { ...bounds(range), service }), signal)
}

/** The figures of whole services in the whole range: one point for each service and kind, or two. */
export function fetchServiceTotals(range: TimeRange, signal: AbortSignal): Promise<Red> {
  const minutes = Math.ceil((range.end - range.start) / 60_000) + 1
  return getFigures<Red>(urlOf('/v1/red', { ...bounds(range), by: 'service', step: `${minutes}m` }), signal)
}

export function fetchServiceOverTime(range: TimeRange, service: string, signal: AbortSignal): Promise<Red> {
  return getFigures<Red>(urlOf('/v1/red', { ...bounds(range), by: 'service', service }), signal)
}

export function fetchOperationTotals(range: TimeRange, service: string, signal: AbortSignal): Promise<Red> {
  const minutes = Math.ceil((range.end - range.start) / 60_000) + 1
  return getFigures<Red>(urlOf('/v1/red', { ...bounds(range), service, step: `${minutes}m` }), signal)
}
