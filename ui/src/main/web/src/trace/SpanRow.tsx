import { serviceColour } from '../colour'
import { formatDuration, plural } from '../format'
import type { Span } from './model'
import { Chevron, ErrorIcon } from '../components/Icons'

/** More marks than this say no more on one bar; the details list every event. */
const MARKERS = 100

interface SpanRowProps {
  index: number
  span: Span
  traceDuration: number
  top: number
  /** Whether the span has children. */
  parent: boolean
  /** How many rows are folded away under this one. */
  hidden: number
  selected: boolean
  onOpen: (index: number) => void
  onFold: (index: number, folded: boolean) => void
}

export function SpanRow({ index, span, traceDuration, top, parent, hidden, selected, onOpen, onFold }: SpanRowProps) {
  const scale = traceDuration === 0 ? 0 : 100 / traceDuration
  const fold = (event: Event) => {
    event.stopPropagation()
    onFold(index, hidden === 0)
  }
  return (
    <div
      id={`span-${index}`}
      class={`row${selected ? ' selected' : ''}${span.error ? ' failed' : ''}`}
      role="treeitem"
      aria-level={span.depth + 1}
      aria-expanded={parent ? hidden === 0 : undefined}
      aria-selected={selected}
      style={{ top: `${top}px`, '--depth': String(span.depth), '--colour': serviceColour(span.service) }}
      onClick={() => onOpen(index)}
    >
      <div class="row-name">
        <i class="guides" />
        {parent ? (
          <button type="button" class="fold" tabIndex={-1} aria-label={hidden > 0 ? 'Unfold' : 'Fold'} onClick={fold}>
            <Chevron open={hidden === 0} />
          </button>
        ) : (
          <i class="fold" />
        )}
        <i class="stripe" />
        {span.error && <ErrorIcon label="Error" />}
        <span class="row-text" title={`${span.service}: ${span.operation}`}>
          <b>{span.service}</b>
          <span>{span.operation}</span>
        </span>
        {hidden > 0 && <span class="count">+{hidden.toLocaleString('en')}</span>}
        {span.missingParent !== undefined && (
          <span class="missing" title={`The parent ${span.missingParent} was not received.`}>
            parent not received
          </span>
        )}
      </div>
      <div class="row-time">
        <i class="bar" style={{ left: `${span.start * scale}%`, width: `${span.duration * scale}%` }} />
        {span.events.slice(0, MARKERS).map((event, i) => (
          <i
            key={i}
            class="event"
            title={`${event.name} at ${formatDuration(event.time)}`}
            style={{ left: `${Math.min(100, Math.max(0, event.time * scale))}%` }}
          />
        ))}
      </div>
      <span class="row-duration" title={span.events.length > 0 ? plural(span.events.length, 'event') : undefined}>
        {formatDuration(span.duration)}
      </span>
    </div>
  )
}
