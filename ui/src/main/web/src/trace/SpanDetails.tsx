import type { ComponentChildren } from 'preact'
import { serviceColour } from '../colour'
import { formatDuration, shortId } from '../format'
import type { Span, Trace } from './model'
import { Link } from '../router'
import { Cross, ErrorIcon } from '../components/Icons'
import { TagTable } from './TagTable'

interface SpanDetailsProps {
  trace: Trace
  span: Span
  onClose: () => void
}

export function SpanDetails({ trace, span, onClose }: SpanDetailsProps) {
  return (
    <aside class="details" aria-label="Span" onKeyDown={event => event.key === 'Escape' && onClose()}>
      <header style={{ '--colour': serviceColour(span.service) }}>
        <div>
          <p class="service">{span.service}</p>
          <h2>{span.operation}</h2>
        </div>
        <button type="button" class="close" aria-label="Close" onClick={onClose}>
          <Cross />
        </button>
      </header>
      {span.error && (
        <p class="failure">
          <ErrorIcon /> {span.status ?? 'This span failed.'}
        </p>
      )}
      {span.missingParent !== undefined && (
        <p class="note">
          Parent <code>{span.missingParent}</code> was not received.
        </p>
      )}
      {span.warnings.map(warning => (
        <p class="note" key={warning}>
          {warning}
        </p>
      ))}
      <dl class="span-facts">
        <dt>Duration</dt>
        <dd>
          {formatDuration(span.duration)}
          <span class="quiet"> · {share(span.duration, trace.duration)} of the trace</span>
        </dd>
        <dt>Start</dt>
        <dd>+{formatDuration(span.start)}</dd>
        {span.kind !== undefined && (
          <>
            <dt>Kind</dt>
            <dd>{span.kind}</dd>
          </>
        )}
        <dt>Span id</dt>
        <dd class="mono">{span.id}</dd>
      </dl>
      <Section title="Attributes" count={span.attributes.length}>
        <TagTable tags={span.attributes} />
      </Section>
      <Section title="Events" count={span.events.length}>
        <ol class="events">
          {span.events.map((event, i) => (
            <li key={i}>
              <p>
                <time>+{formatDuration(event.time)}</time> {event.name}
              </p>
              <TagTable tags={event.attributes} />
            </li>
          ))}
        </ol>
      </Section>
      <Section title="Links" count={span.links.length}>
        <ul class="links">
          {span.links.map((link, i) => (
            <li key={i}>
              <Link href={`/trace/${link.traceId}?span=${link.spanId}`}>
                {link.traceId === trace.id ? 'this trace' : `trace ${shortId(link.traceId)}`}, span{' '}
                <span class="mono">{link.spanId}</span>
              </Link>
            </li>
          ))}
        </ul>
      </Section>
      <Section title="Resource" count={span.resource.length}>
        <TagTable tags={span.resource} />
      </Section>
      <Section title="Scope" count={span.scope.length}>
        <TagTable tags={span.scope} />
      </Section>
    </aside>
  )
}

function Section({ title, count, children }: { title: string; count: number; children: ComponentChildren }) {
  if (count === 0) return null
  return (
    <section>
      <h3>
        {title} <span class="quiet">{count}</span>
      </h3>
      {children}
    </section>
  )
}

function share(part: number, whole: number): string {
  const percent = whole === 0 ? 100 : (100 * part) / whole
  return percent > 0 && percent < 0.1 ? 'below 0.1%' : `${Number(percent.toFixed(1))}%`
}
