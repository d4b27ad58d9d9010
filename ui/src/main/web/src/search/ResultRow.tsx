import { ErrorIcon } from '../components/Icons'
import { ServiceChips } from '../components/ServiceChips'
import { serviceColour } from '../colour'
import { formatAge, formatDuration, formatTime, plural, shortId } from '../format'
import { Link } from '../router'
import type { TraceSummary } from './results'

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
          <h3>
            {trace.service === undefined ? (
              <span class="operation">Root not received</span>
            ) : (
              <>
                <i class="dot" style={{ background: serviceColour(trace.service) }} />
                <span class="service">{trace.service}</span>
                <span class="operation" dir="auto">
                  {(trace.operation ?? '').slice(0, 300)}
                </span>
              </>
            )}
          </h3>
          {trace.errors > 0 && (
            <span class="errors">
              <ErrorIcon /> {plural(trace.errors, 'error')}
            </span>
          )}
          <span class="duration">{durationOf(trace)}</span>
        </div>
        <div class="result-bar" aria-hidden="true">
          <i style={{ width: share }} />
        </div>
        <div class="result-line facts">
          <ServiceChips services={trace.services} shown={6} />
          <span class="when">
            <span class="mono" title={trace.id}>
              {shortId(trace.id)}
            </span>
            <span>{plural(trace.spans, 'span')}</span>
            <time dateTime={new Date(trace.start / 1000).toISOString()} title={formatAge(trace.start, now)}>
              {formatTime(trace.start)}
            </time>
          </span>
        </div>
      </Link>
    </li>
  )
}

/** TraceQL's search tells durations in whole milliseconds. */
export function durationOf(trace: TraceSummary): string {
  return trace.coarse && trace.duration < 1000 ? 'below 1 ms' : formatDuration(trace.duration)
}
