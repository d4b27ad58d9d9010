import { formatAge, formatDuration, formatTime, plural, shortId } from '../format'
import type { TraceSummary } from '../trace/model'
import { Link } from '../router'
import { ErrorIcon } from '../components/Icons'
import { ServiceChips } from '../components/ServiceChips'

interface ResultRowProps {
  trace: TraceSummary
  now: number
  /** The longest duration in the list, which fills the bar. */
  longest: number
}

export function ResultRow({ trace, now, longest }: ResultRowProps) {
  const share = `${Math.max((100 * trace.duration) / longest, 0.4)}%`
  return (
    <li class={trace.errors > 0 ? 'result failed' : 'result'}>
      <Link href={`/trace/${trace.id}`}>
        <div class="result-line">
          <h2>
            <span class="service">{trace.service}</span>
            <span class="operation">{trace.operation}</span>
          </h2>
          <span class="duration">{formatDuration(trace.duration)}</span>
        </div>
        <div class="result-bar" aria-hidden="true">
          <i style={{ width: share }} />
        </div>
        <div class="result-line facts">
          <span>
            <span class="mono" title={trace.id}>
              {shortId(trace.id)}
            </span>
            <span>{plural(trace.spans, 'span')}</span>
            {trace.errors > 0 && (
              <span class="errors">
                <ErrorIcon /> {plural(trace.errors, 'error')}
              </span>
            )}
            {!trace.rooted && <span title="The span shown here names a parent that was not received.">root not received</span>}
          </span>
          <time dateTime={new Date(trace.start / 1000).toISOString()}>
            {formatAge(trace.start, now)}
            <span class="exact">{formatTime(trace.start)}</span>
          </time>
        </div>
        <ServiceChips services={trace.services} shown={7} />
      </Link>
    </li>
  )
}
