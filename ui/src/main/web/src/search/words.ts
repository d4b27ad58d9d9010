import { LOOKBACKS, type SearchQuery } from './query'
import { formatTime } from '../format'

/** A search in one line. */
export function describe(query: SearchQuery): string {
  const { time } = query
  const when =
    'lookback' in time
      ? (LOOKBACKS.find(choice => choice.value === time.lookback)?.label ?? `Last ${time.lookback}`).toLowerCase()
      : `${formatTime(time.start).slice(5, 19)} to ${formatTime(time.end).slice(5, 19)}`
  const what =
    query.mode === 'traceql'
      ? [query.traceql]
      : [
          query.service || 'all services',
          query.operation,
          query.errors ? 'errors' : '',
          ...query.attributes.map(match => `${match.key}=${match.value}`),
          query.minDuration && `at least ${query.minDuration}`,
          query.maxDuration && `at most ${query.maxDuration}`,
        ]
  return [...what, when].filter(Boolean).join(' · ')
}
