// A service's figures over time, by the kind of its spans.

import type { Red, RedSeries } from './api'
import { readFigures, sum, type Figures } from './graph'

export interface OverTime {
  kind: string
  /** Where each interval begins, in milliseconds: every one of the range, with or without spans. */
  times: number[]
  /** In milliseconds. */
  step: number
  /** By interval; undefined where nothing came in. */
  points: (Figures | undefined)[]
  total: Figures
}

const ORDER = ['server', 'consumer', 'producer', 'client', 'internal', 'unspecified']

/** Each kind of spans, what a service answers first. */
export function overTime(red: Red): OverTime[] {
  const step = red.stepSeconds * 1_000
  const start = Date.parse(red.start)
  const end = Date.parse(red.end)
  const times: number[] = []
  for (let at = Math.floor(start / step) * step; at < end; at += step) times.push(at)
  const index = new Map(times.map((time, i) => [time, i]))
  return [...red.series]
    .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))
    .map(series => {
      const points: (Figures | undefined)[] = times.map(() => undefined)
      for (const point of series.points) {
        const at = index.get(Date.parse(point.time))
        if (at !== undefined) points[at] = readFigures(point)
      }
      return { kind: series.kind, times, step, points, total: sum(points.filter(point => point !== undefined)) }
    })
}

export interface OperationTotal extends Figures {
  operation: string
  kind: string
}

export function operationTotals(red: Red): OperationTotal[] {
  return red.series.map((series: RedSeries) => ({
    operation: series.operation ?? '',
    kind: series.kind,
    ...sum(series.points.map(readFigures)),
  }))
}
