import { quantile } from '../trace/stats'
import { boundsOf, type SearchQuery } from '../search/query'
import { durationText } from '../search/plot'
import type { TraceSummary } from '../search/results'
import { parametersOf, setsUrl } from './url'

/** A comparison that the results of a search suggest. */
export interface Choice {
  label: string
  href: string
}

/** How many traces of each set are read. */
export const SET_SIZE = 50
const SLOW = 0.9

/** What the results of a search can be compared with, `now` being the moment from which it looked back. */
export function choices(query: SearchQuery, traces: readonly TraceSummary[], now: number): Choice[] {
  // A link shows the same tomorrow.
  const fixed: SearchQuery = { ...query, time: boundsOf(query.time, now), limit: SET_SIZE, against: '' }
  const list: Choice[] = []
  if (query.mode === 'form') {
    const narrowed = query.errors || query.attributes.length > 0 || query.minDuration !== '' || query.maxDuration !== ''
    if (narrowed) {
      const wide = { ...fixed, errors: false, attributes: [], minDuration: '', maxDuration: '' }
      list.push({ label: 'These with all others', href: setsUrl(fixed, wide) })
    }
    const durations = Float64Array.from(traces, trace => trace.duration).sort()
    if (query.minDuration === '' && query.maxDuration === '' && durations.length >= 4) {
      const bound = durationText(quantile(durations, SLOW))
      list.push({
        label: `Those above ${bound} with the faster ones`,
        href: setsUrl({ ...fixed, minDuration: bound }, { ...fixed, maxDuration: bound }),
      })
    }
    if (!query.errors && traces.some(trace => trace.errors > 0)) {
      list.push({ label: 'Failed ones with the others', href: setsUrl({ ...fixed, errors: true }, fixed) })
    }
  }
  list.push({
    label: 'These with another search …',
    href: `/search?${new URLSearchParams([...new URLSearchParams(parametersOf(query)), ['against', parametersOf(fixed)]])}`,
  })
  return list
}
