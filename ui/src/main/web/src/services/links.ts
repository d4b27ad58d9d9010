// Where the pages of services lead.

import { bounds, rangeParameters, urlOf, type TimeRange } from '../figures/range'

export function servicePage(service: string, range: TimeRange): string {
  return urlOf(`/services/${encodeURIComponent(service)}`, rangeParameters(range))
}

/** The map around a service. */
export function mapAround(service: string, range: TimeRange): string {
  return urlOf('/services', { ...rangeParameters(range), service })
}

export function traces(service: string, range: { start: number; end: number }, more: Record<string, string | undefined> = {}): string {
  return urlOf('/search', { service, ...more, ...bounds(range) })
}

export function errorTraces(service: string, range: { start: number; end: number }, operation?: string): string {
  return traces(service, range, { operation, status: 'error' })
}

/** Traces in which one service calls another, or those in which that fails: a query in TraceQL. */
export function callTraces(caller: string, callee: string, range: { start: number; end: number }, failed = false): string {
  const of = (service: string) => `resource.service.name = ${quoted(service)}`
  return urlOf('/search', { q: `{ ${of(caller)} } > { ${of(callee)}${failed ? ' && status = error' : ''} }`, ...bounds(range) })
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`
}

/** A duration as the search takes it, a little below so that what took just as long is found. */
export function atLeast(micros: number): string {
  return `${Math.max(1, Math.floor(micros * 0.98))}us`
}
