import { tracePath } from '../api'
import { formatAge, formatDuration, formatTime, plural } from '../format'
import type { Trace } from './model'
import { ErrorIcon } from '../components/Icons'
import { ServiceChips } from '../components/ServiceChips'

interface TraceHeaderProps {
  trace: Trace
  folded: boolean
  onFoldAll: () => void
  onUnfoldAll: () => void
  onNextError: () => void
}

export function TraceHeader({ trace, folded, onFoldAll, onUnfoldAll, onNextError }: TraceHeaderProps) {
  const root = trace.spans[0]!
  return (
    <section class="trace-head">
      <div class="trace-title">
        <h1>
          <span class="service">{root.service}</span>
          <span class="operation">{root.operation}</span>
        </h1>
        <span class="trace-id mono">{trace.id}</span>
      </div>
      <dl class="trace-facts">
        <Fact label="Duration" value={formatDuration(trace.duration)} />
        <Fact label="Start" value={formatTime(trace.start)} title={formatAge(trace.start, Date.now() * 1000)} />
        <Fact label="Spans" value={trace.spans.length.toLocaleString('en')} />
        <Fact label="Services" value={String(trace.services.length)} />
        <Fact label="Depth" value={String(trace.depth)} />
        <div class={trace.errors > 0 ? 'fact errors' : 'fact'}>
          <dt>Errors</dt>
          <dd>
            {trace.errors > 0 ? (
              <button type="button" class="link" title="Go to the next error" onClick={onNextError}>
                <ErrorIcon /> {trace.errors.toLocaleString('en')} <span class="next">next</span>
              </button>
            ) : (
              '0'
            )}
          </dd>
        </div>
        <div class="trace-actions">
          <button type="button" onClick={folded ? onUnfoldAll : onFoldAll}>
            {folded ? 'Unfold all' : 'Fold all'}
          </button>
          <a class="button" href={tracePath(trace.id)} target="_blank" rel="noopener">
            JSON
          </a>
        </div>
      </dl>
      <ServiceChips services={trace.services} shown={9} unfolds />
      {trace.warnings.length > 0 && (
        <p class="trace-warnings">
          {plural(trace.warnings.length, 'warning')}: {trace.warnings.join(' · ')}
        </p>
      )}
    </section>
  )
}

function Fact({ label, value, title }: { label: string; value: string; title?: string }) {
  return (
    <div class="fact" title={title}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  )
}
