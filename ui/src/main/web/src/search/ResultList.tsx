import { useMemo } from 'preact/hooks'
import { plural } from '../format'
import { ORDERS, type Order } from './query'
import { ordered, type TraceSummary } from './results'
import { ResultRow } from './ResultRow'

interface ResultListProps {
  traces: TraceSummary[]
  now: number
  order: Order
  onOrder: (order: Order) => void
  /** Whether there are more to load. */
  more: boolean
  busy: boolean
  onMore: () => void
  /** Told before a trace is opened. */
  onLeave: () => void
}

export function ResultList({ traces, now, order, onOrder, more, busy, onMore, onLeave }: ResultListProps) {
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
