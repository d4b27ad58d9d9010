import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { serviceColour } from '../colour'
import { AttributeTable, LongText } from '../components/AttributeTable'
import { Cross, ErrorIcon } from '../components/Icons'
import { formatDuration, formatShare, formatTime, plural, shortId } from '../format'
import { Link } from '../router'
import type { TraceSession } from './session'
import { AFTER_PARENT, KINDS, MOVED, NO_PARENT, NO_TIME, thresholdOf, type SpanRecord } from './spans'
import type { Built } from './tree'

interface SpanDetailsProps {
  session: TraceSession
  built: Built
  row: number
  onClose: () => void
  onGo: (row: number) => void
  onFocus: () => void
  onZoom: () => void
}

/** Everything that one span says. */
export function SpanDetails({ session, built, row, onClose, onGo, onFocus, onZoom }: SpanDetailsProps) {
  const { layout, facts } = built
  const [loaded, setLoaded] = useState<{ row: number; layout: unknown; record: SpanRecord } | undefined>(undefined)
  useEffect(() => {
    let moot = false
    void session.ask({ ask: 'span', row }).then(record => {
      if (!moot) setLoaded({ row, layout, record })
    })
    return () => {
      moot = true
    }
  }, [session, layout, row])
  const service = facts.services[layout.service[row]!]!
  const flags = layout.flags[row]!
  const record = loaded?.row === row && loaded.layout === layout ? loaded.record : undefined
  const parent = layout.parent[row]!
  const duration = layout.duration[row]!
  return (
    <aside class="details" aria-label="Span">
      <header style={{ '--colour': serviceColour(service) }}>
        <div>
          <p class="service">{service}</p>
          <h2 dir="auto">
            <LongText text={facts.names[layout.name[row]!]!} />
          </h2>
        </div>
        <button type="button" class="bare" aria-label="Close" title="Close (Esc)" onClick={onClose}>
          <Cross />
        </button>
      </header>
      {record && record.statusCode === 2 && (
        <p class="failure">
          <ErrorIcon /> <span><LongText text={record.statusMessage || 'This span failed.'} /></span>
        </p>
      )}
      {(flags & NO_PARENT) !== 0 && record && (
        <p class="note">
          Its parent <code>{record.parentSpanId}</code> was not received.
        </p>
      )}
      {(flags & NO_TIME) !== 0 && <p class="note">It says no time; it is shown where its parent begins.</p>}
      {(flags & AFTER_PARENT) !== 0 && <p class="note">It began after its parent had ended.</p>}
      {(flags & MOVED) !== 0 && (
        <p class="note">
          Its clock was off: moved by {formatDuration(layout.moved[row]! / 1000)} to lie within its parent.
        </p>
      )}
      <dl class="span-facts">
        <dt>Duration</dt>
        <dd>
          {formatDuration(duration / 1000)}
          <span class="quiet"> · {formatShare(duration, facts.duration)} of the trace</span>
        </dd>
        <dt>Of its own</dt>
        <dd>
          {formatDuration(layout.self[row]! / 1000)}
          <span class="quiet"> · {formatShare(layout.self[row]!, duration)} of it</span>
        </dd>
        <dt>Start</dt>
        <dd>
          +{formatDuration(layout.start[row]! / 1000)}
          {record && record.start > 0n && <span class="quiet"> · {formatTime(Number(record.start / 1000n))}</span>}
        </dd>
        {KINDS[layout.kind[row]!] ? (
          <>
            <dt>Kind</dt>
            <dd>{KINDS[layout.kind[row]!]}</dd>
          </>
        ) : null}
        {record && record.statusCode === 1 && (
          <>
            <dt>Status</dt>
            <dd>ok</dd>
          </>
        )}
        <dt>Span id</dt>
        <dd class="mono">{record?.spanId}</dd>
        {parent >= 0 && (
          <>
            <dt>Parent</dt>
            <dd>
              <button type="button" class="link" onClick={() => onGo(parent)}>
                {facts.names[layout.name[parent]!]!.slice(0, 80)}
              </button>
            </dd>
          </>
        )}
        {record && record.traceState !== '' && (
          <>
            <dt>Trace state</dt>
            <dd class="mono">
              {record.traceState}
              {thresholdOf(record.traceState) > 0 && (
                <span class="quiet"> · stands for {Number((1 / (1 - thresholdOf(record.traceState))).toPrecision(3))}</span>
              )}
            </dd>
          </>
        )}
      </dl>
      <p class="span-actions">
        <button type="button" class="small" onClick={onFocus} title="Only this span and what is below it (f)">
          Focus
        </button>
        <button type="button" class="small" onClick={onZoom} title="Zoom to its time (z)">
          Zoom
        </button>
      </p>
      {record && <Sections record={record} traceId={facts.traceId} start={BigInt(facts.start)} />}
    </aside>
  )
}

function Sections({ record, traceId, start }: { record: SpanRecord; traceId: string; start: bigint }) {
  return (
    <>
      <Section title="Attributes" count={record.attributes.length} dropped={record.droppedAttributes}>
        <AttributeTable attributes={record.attributes} />
      </Section>
      <Section title="Events" count={record.events.length} dropped={record.droppedEvents}>
        <ol class="events">
          {record.events.map((event, i) => (
            <li key={i}>
              <p>
                {event.time > 0n && <time>+{formatDuration(Number(event.time - start) / 1000)}</time>}{' '}
                <LongText text={event.name || 'event'} />
              </p>
              <AttributeTable attributes={event.attributes} />
              <Dropped count={event.dropped} of="attribute" />
            </li>
          ))}
        </ol>
      </Section>
      <Section title="Links" count={record.links.length} dropped={record.droppedLinks}>
        <ul class="links">
          {record.links.map((link, i) => (
            <li key={i}>
              <Link href={`/trace/${link.traceId}?span=${link.spanId}`}>
                {link.traceId === traceId ? 'this trace' : `trace ${shortId(link.traceId)}`}, span{' '}
                <span class="mono">{link.spanId}</span>
              </Link>
              <AttributeTable attributes={link.attributes} />
              <Dropped count={link.dropped} of="attribute" />
            </li>
          ))}
        </ul>
      </Section>
      <Section title="Resource" count={record.resource.attributes.length} dropped={record.resource.dropped}>
        <AttributeTable attributes={record.resource.attributes} />
        <Schema url={record.resource.schemaUrl} />
      </Section>
      <Section
        title="Scope"
        count={record.scope.attributes.length + (record.scope.name === '' ? 0 : 1)}
        dropped={record.scope.dropped}
      >
        <AttributeTable
          attributes={[
            ...(record.scope.name === '' ? [] : [{ key: 'name', text: record.scope.name }]),
            ...(record.scope.version === '' ? [] : [{ key: 'version', text: record.scope.version }]),
            ...record.scope.attributes,
          ]}
        />
        <Schema url={record.scope.schemaUrl} />
      </Section>
    </>
  )
}

interface SectionProps {
  title: string
  count: number
  dropped: number
  children: ComponentChildren
}

function Section({ title, count, dropped, children }: SectionProps) {
  if (count === 0 && dropped === 0) return null
  return (
    <section>
      <h3>
        {title} <span class="quiet">{count}</span>
      </h3>
      {children}
      <Dropped count={dropped} of={title.toLowerCase().replace(/s$/, '')} />
    </section>
  )
}

function Dropped({ count, of }: { count: number; of: string }) {
  const noun = of === 'resource' || of === 'scope' ? 'attribute' : of
  return count > 0 ? <p class="dropped">{plural(count, `more ${noun}`)} dropped by the sender</p> : null
}

function Schema({ url }: { url: string }) {
  return url === '' ? null : <p class="dropped">Schema {url}</p>
}
