import { useState } from 'preact/hooks'
import { getJson } from '../api'
import { FailureNotice, GapsStrip, Loading, StaleStrip } from '../components/Notice'
import { formatDuration, formatTime, plural, readTraceId, shortId } from '../format'
import { useLoad } from '../load'
import { go, Link } from '../router'
import { nativePage, type TraceSummary } from '../search/results'
import { useTrace } from '../trace/session'
import { rootRow } from '../trace/TraceHeader'
import { tracesUrl } from './url'

const ALIKE = 50

/** The other trace of a comparison: by its id, or one of those that began with the same operation. */
export function ChooseTrace({ left }: { left: string }) {
  const [state] = useTrace({ kind: 'server', id: left }, 0, true)
  const built = state.whole && !state.absent ? state.built : undefined
  const root = built && built.layout.rows > 0 ? rootRow(built) : undefined
  const service = root === undefined ? undefined : built!.facts.services[built!.layout.service[root]!]
  const operation = root === undefined ? undefined : built!.facts.names[built!.layout.name[root]!]
  const alike = useLoad(
    service === undefined ? undefined : `${service}\0${operation}`,
    service === undefined
      ? undefined
      : async signal => {
          const asked = new URLSearchParams({ service, operation: operation!, limit: String(ALIKE) })
          return nativePage(await getJson<Parameters<typeof nativePage>[0]>(`/v1/search?${asked}`, signal))
        },
  )
  const others = (alike.value?.traces ?? []).filter(trace => trace.id !== left)
  return (
    <>
      <section class="panel" aria-label="The other trace">
        <h2>With which trace?</h2>
        <IdForm label="Trace id to compare with" onId={id => go(tracesUrl(left, id))} />
      </section>
      {state.failure ? (
        <FailureNotice failure={state.failure} />
      ) : (
        !built && !state.absent && <Loading what="the first trace" />
      )}
      {state.absent && (
        <p class="strip warn" role="status">
          No span of <code>{left}</code> was found.
        </p>
      )}
      {service !== undefined && (
        <section class="panel" aria-label="Traces that began alike">
          <div class="panel-head">
            <h2>Traces that began alike</h2>
            <p class="panel-note">
              {service}: <bdi>{operation!.slice(0, 200)}</bdi> · this one took{' '}
              {formatDuration(built!.facts.duration / 1000)} with {plural(built!.facts.spans, 'span')}
            </p>
          </div>
          {alike.value && <StaleStrip failure={alike.failure} slow={alike.slow} />}
          <GapsStrip reasons={alike.value?.reasons} />
          {alike.value === undefined ? (
            alike.failure ? (
              <FailureNotice failure={alike.failure} />
            ) : (
              <Loading what="traces that began alike" />
            )
          ) : others.length === 0 ? (
            <p class="panel-note">There is no other.</p>
          ) : (
            <ul class="alike">
              {others.map(trace => (
                <li key={trace.id}>
                  <Link href={tracesUrl(left, trace.id)}>{words(trace)}</Link>
                </li>
              ))}
            </ul>
          )}
        </section>
      )}
    </>
  )
}

function words(trace: TraceSummary) {
  return (
    <>
      <b>{formatDuration(trace.duration)}</b>
      <span>{plural(trace.spans, 'span')}</span>
      <span class={trace.errors > 0 ? 'is-bad' : undefined}>{plural(trace.errors, 'error')}</span>
      <span>{formatTime(trace.start)}</span>
      <span class="mono">{shortId(trace.id)}</span>
    </>
  )
}

/** A field for a trace id, or a link that has one. */
export function IdForm({ label, onId }: { label: string; onId: (id: string) => void }) {
  const [wrong, setWrong] = useState(false)
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const input = (event.currentTarget as HTMLFormElement).elements.namedItem('id') as HTMLInputElement
    const id = readTraceId(input.value)
    setWrong(id === undefined)
    if (id !== undefined) onId(id)
  }
  return (
    <form class="compare-ask" onSubmit={submit}>
      <input
        name="id"
        type="search"
        class="mono"
        aria-label={label}
        aria-invalid={wrong}
        placeholder="Trace id, or a link to a trace"
        autocomplete="off"
        spellcheck={false}
        onInput={() => setWrong(false)}
      />
      <button type="submit" class="primary">
        Compare
      </button>
      {wrong && (
        <span class="is-bad" role="alert">
          Not a trace id (expected: up to 32 hex digits)
        </span>
      )}
    </form>
  )
}
