import { plural } from '../format'
import type { TraceSummary } from '../trace/model'
import { ResultRow } from './ResultRow'

interface ResultListProps {
  traces: TraceSummary[]
  now: number
  limit: number
}

export function ResultList({ traces, now, limit }: ResultListProps) {
  const longest = traces.reduce((max, trace) => Math.max(max, trace.duration), 1)
  const failed = traces.filter(trace => trace.errors > 0).length
  return (
    <>
      <div class="results-head">
        <h1>{plural(traces.length, 'trace')}</h1>
        <p>
          {failed > 0 && `${failed} with errors, `}newest first
          {traces.length >= limit && `, cut off at the limit of ${limit}`}
        </p>
      </div>
      <ol class="result-list">
        {traces.map(trace => (
          <ResultRow key={trace.id} trace={trace} now={now} longest={longest} />
        ))}
      </ol>
    </>
  )
}
