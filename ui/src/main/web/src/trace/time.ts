/** A part of a trace's time, in nanoseconds from its start. */
export interface TimeRange {
  from: number
  to: number
}

const MS = 1e6
const SECOND = 1e9
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const STEPS = [
  ...[1, 10, 100, 1e3, 1e4, 1e5, MS, 10 * MS, 100 * MS, SECOND].flatMap(unit => [unit, 2 * unit, 5 * unit]),
  ...[10, 15, 30].map(n => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map(n => n * MINUTE),
  ...[1, 2, 6, 12, 24].map(n => n * HOUR),
]

/** Round times within a range, in at most so many even steps. */
export function ticksBetween(from: number, to: number, count: number): number[] {
  const length = to - from
  if (!(length > 0)) return [from]
  const step = STEPS.find(candidate => length / candidate <= count) ?? Math.ceil(length / count / DAY) * DAY
  const times: number[] = []
  for (let k = Math.ceil(from / step); k * step <= to; k++) times.push(k * step)
  return times
}

/** The range within a whole, at least so long. */
export function clampRange(range: TimeRange, whole: TimeRange, least = 1): TimeRange {
  const length = Math.min(Math.max(range.to - range.from, least), whole.to - whole.from)
  const from = Math.min(Math.max(range.from, whole.from), whole.to - length)
  return { from, to: from + length }
}
