import { useState } from 'preact/hooks'
import { getJson } from '../api'
import { FailureNotice, GapsStrip, Loading } from '../components/Notice'
import { formatBytes, formatShare } from '../figures/words'
import { formatDuration, formatTime, plural, readTraceId } from '../format'
import { fetchFeatures } from '../features'
import { useLoad } from '../load'
import { goInstead, Link } from '../router'
import { decisionWords, type Decision, type Decisions } from './sampling'

/** Why a trace was kept or dropped: the verdicts on record, for a trace that is stored or not. */
export function DecisionLookup({ asked }: { asked: string }) {
  const [wrong, setWrong] = useState(false)
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const input = (event.currentTarget as HTMLFormElement).elements.namedItem('trace') as HTMLInputElement
    const id = readTraceId(input.value)
    setWrong(id === undefined)
    if (id !== undefined) goInstead(`/sampling?trace=${id}`)
  }
  return (
    <section class="panel" aria-label="A trace's verdict">
      <h2>Why was a trace kept or dropped?</h2>
      <form class="decision-ask" onSubmit={submit}>
        <input
          name="trace"
          type="search"
          class="mono"
          key={asked}
          defaultValue={asked}
          aria-label="Trace id, of a trace that is stored or not"
          aria-invalid={wrong}
          placeholder="Trace id"
          autocomplete="off"
          spellcheck={false}
        />
        <button type="submit">Look up</button>
        {wrong && (
          <span class="is-bad" role="alert">
            Not a trace id (expected: up to 32 hex digits)
          </span>
        )}
      </form>
      {asked !== '' && <Found key={asked} id={asked} />}
    </section>
  )
}

function Found({ id }: { id: string }) {
  const load = useLoad(id, async (signal): Promise<Decisions> => {
    if (!(await fetchFeatures(signal)).decisions) return { traceId: id, decisions: [] }
    return getJson<Decisions>(`/v1/traces/${encodeURIComponent(id)}/decision`, signal)
  })
  if (load.value === undefined) {
    return load.failure ? <FailureNotice failure={load.failure} /> : <Loading what="the verdicts" />
  }
  const { decisions, reasons } = load.value
  if (decisions.length === 0 && !reasons?.length) {
    return (
      <p class="strip" role="status">
        No decision about it is on record. It may not be complete yet, or its verdict is no longer on record.
      </p>
    )
  }
  return (
    <>
      {reasons && <GapsStrip reasons={reasons} />}
      <div role="status">
        <ol class="decisions">
          {decisions.map(decision => (
            <li key={`${decision.fragment} ${decision.decidedAt}`} class={decision.superseded ? 'superseded' : decision.verdict}>
              <One decision={decision} id={id} />
            </li>
          ))}
        </ol>
      </div>
    </>
  )
}

function One({ decision, id }: { decision: Decision; id: string }) {
  const { digest } = decision
  return (
    <>
      <p>
        <b>{decisionWords(decision)}</b>{' '}
        {decision.superseded && <>A later verdict overruled this one. </>}
        {decision.verdict === 'keep' && <Link href={`/trace/${id}`}>Open the trace</Link>}
      </p>
      <p class="panel-note">
        {digest.rootService}: {digest.rootOperation} · {formatDuration(Number(digest.durationNanos) / 1_000)} ·{' '}
        {plural(digest.spanCount, 'span')}
        {digest.errorCount > 0 && <>, {plural(digest.errorCount, 'error')}</>} · {formatBytes(digest.bytes)}
      </p>
      <p class="panel-note">
        decided {formatTime(Date.parse(decision.decidedAt) * 1_000)} under version {decision.version}
        {decision.verdict === 'keep' && <>; keeps {formatShare(decision.keptShare)} of such traces (ot=th:{decision.threshold})</>}
        {decision.incomplete && <>; the head may have dropped spans that came before the error</>}
        {decision.upgrade === 'asked' && <>; it failed late, so its earlier spans are to be read back</>}
        {decision.upgrade === 'done' && <>; brought back because it failed late</>}
      </p>
    </>
  )
}
