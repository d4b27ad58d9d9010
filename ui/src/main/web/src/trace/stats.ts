import { ERROR } from './spans'
import type { Layout } from './tree'

/** How the spans of one service, or of one operation of it, fared in a trace. Times are nanoseconds. */
export interface OperationStats {
  service: number
  /** -1 when grouped by service alone. */
  name: number
  count: number
  errors: number
  total: number
  self: number
  p50: number
  p99: number
  max: number
}

/** Figures of each group among the rows from `from` up to `to`, the one with most time of its own first. */
export function statistics(layout: Layout, byService: boolean, from = 0, to = layout.rows): OperationStats[] {
  const groups = new Map<string, { stats: OperationStats; durations: number[] }>()
  for (let row = from; row < to; row++) {
    const service = layout.service[row]!
    const name = byService ? -1 : layout.name[row]!
    const key = `${service} ${name}`
    let group = groups.get(key)
    if (!group) {
      group = {
        stats: { service, name, count: 0, errors: 0, total: 0, self: 0, p50: 0, p99: 0, max: 0 },
        durations: [],
      }
      groups.set(key, group)
    }
    const { stats } = group
    stats.count++
    if ((layout.flags[row]! & ERROR) !== 0) stats.errors++
    stats.total += layout.duration[row]!
    stats.self += layout.self[row]!
    group.durations.push(layout.duration[row]!)
  }
  return [...groups.values()]
    .map(({ stats, durations }) => {
      const sorted = Float64Array.from(durations).sort()
      return { ...stats, p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), max: sorted.at(-1) ?? 0 }
    })
    .sort((a, b) => b.self - a.self || b.total - a.total)
}

/** The least value that so large a share does not exceed. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return 0
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))]!
}
