import { useMemo } from 'preact/hooks'
import { choices } from '../compare/choices'
import { Menu } from '../components/Menu'
import { plural } from '../format'
import { Link } from '../router'
import { ORDERS, type Order, type SearchQuery } from './query'
import { ordered, type TraceSummary } from './results'
import { ResultRow } from './ResultRow'

interface ResultListProps {
  query: SearchQuery
  traces: TraceSummary[]
  now: number
  onOrder: (order: Order) => void
  /** Whether there are more to load. */
  more: boolean
  busy: boolean
  onMore: () => void
  /** Told before a trace is opened. */
  onLeave: () => void
}

export function ResultList({ query, traces, now, onOrder, more, busy, onMore, onLeave }: ResultListProps) {
  const { order } = query
  const sorted = useMemo(() => ordered(traces, order), [traces, order])
  const longest = traces.reduce((max, trace) => Math.max(max, trace.duration), 1)
  const failed = traces.filter(trace => trace.errors > 0).length
  return (
    <>
      <div class="results-head">
        <h2>
          {plural(traces.length, 'trace')}
          {more && ' so far'}
        </h2>
        <p>{failed > 0 && <span class="failed-count">{failed.toLocaleString('en')} with errors</span>}</p>
        {query.against === '' && (
          <Menu label="Compare">
            {choices(query, traces, now).map(choice => (
              <li key={choice.label}>
                <Link href={choice.href}>{choice.label}</Link>
              </li>
            ))}
          </Menu>
        )}
        <label class="inline-field">
          <span class="sr-only">Order</span>
          <select name="order" value={order} onChange={event => onOrder(event.currentTarget.value as Order)}>
            {ORDERS.map(choice => (
              <option key={choice.order} value={choice.order}>
                {choice.label}
              </option>
            ))}
          </select>
        </label>
      </div>
      <ol class="result-list" onClickCapture={onLeave}>
        {sorted.map(trace => (
          <ResultRow key={trace.id} trace={trace} now={now} longest={longest} />
        ))}
      </ol>
      {more && (
        <p class="more-results">
          <button type="button" onClick={onMore} disabled={busy}>
            {busy ? 'Loading …' : 'Older traces'}
          </button>
        </p>
      )}
    </>
  )
}
