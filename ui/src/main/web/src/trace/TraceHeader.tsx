import { getJson, type Gaps } from '../api'
import { ErrorIcon } from '../components/Icons'
import { Menu } from '../components/Menu'
import { ServiceChips } from '../components/ServiceChips'
import { formatAge, formatDuration, formatTime, plural } from '../format'
import { tracesUrl } from '../compare/url'
import { fetchFeatures } from '../features'
import { useLoad } from '../load'
import { Link } from '../router'
import { NO_PARENT, SERVER } from './spans'
import type { Built } from './tree'

interface TraceHeaderProps {
  built: Built
  whole: boolean
  stored: boolean
  onNextError: () => void
  onRefresh?: () => void
}

/** What a decision of `/v1/traces/{id}/decision` says, as far as it is shown here. */
interface Decision {
  verdict: 'keep' | 'drop' | 'refused'
  policy: string
  keptShare: number
  incomplete: boolean
  version: number
  fragment: number
  superseded: boolean
  digest: { spanCount: number; rootOperation: string }
}

/** The facts of a trace as a whole. */
export function TraceHeader({ built, whole, stored, onNextError, onRefresh }: TraceHeaderProps) {
  const { layout, facts } = built
  const root = rootRow(built)
  const start = Number(BigInt(facts.start) / 1000n)
  const services = facts.services
    .map((name, i) => ({ name, spans: facts.serviceSpans[i] ?? 0, errors: facts.serviceErrors[i] ?? 0 }))
    .filter(service => service.spans > 0)
    .sort((a, b) => b.spans - a.spans || a.name.localeCompare(b.name))
  return (
    <>
      <div class="trace-title">
        <h1>
          <span class="service">{facts.services[layout.service[root]!]}</span>{' '}
          <span class="operation" dir="auto">
            {facts.names[layout.name[root]!]!.slice(0, 500)}
          </span>
        </h1>
        <span class="trace-id mono">{facts.traceId}</span>
        <div class="trace-actions">
          {onRefresh && (
            <button type="button" class="small" onClick={onRefresh}>
              Look again
            </button>
          )}
          {stored && (
            <Link href={tracesUrl(facts.traceId, undefined)} class="button small">
              Compare
            </Link>
          )}
          {stored && <Downloads id={facts.traceId} />}
        </div>
      </div>
      <dl class="trace-facts">
        <Fact label="Duration" value={formatDuration(facts.duration / 1000)} />
        <Fact label="Start" value={formatTime(start)} title={formatAge(start, Date.now() * 1000)} />
        <Fact label="Spans" value={whole ? facts.spans.toLocaleString('en') : `${facts.spans.toLocaleString('en')} so far`} />
        <Fact label="Services" value={String(services.length)} />
        <Fact label="Depth" value={String(facts.depth)} />
        <div class={facts.errors > 0 ? 'fact errors' : 'fact'}>
          <dt>Errors</dt>
          <dd>
            {facts.errors > 0 ? (
              <button type="button" class="link" title="Go to the next error (e)" onClick={onNextError}>
                <ErrorIcon /> {facts.errors.toLocaleString('en')} <span class="next">next</span>
              </button>
            ) : (
              '0'
            )}
          </dd>
        </div>
        {facts.orphans > 0 && (
          <Fact
            label="Parents missing"
            value={facts.orphans.toLocaleString('en')}
            title="Spans that name a parent which was not received. They stand at the left, with a dashed line before their bar."
          />
        )}
        {facts.timeless > 0 && (
          <Fact label="Without time" value={facts.timeless.toLocaleString('en')} title="Shown where their parent begins." />
        )}
        <Sampling built={built} whole={whole} stored={stored} />
      </dl>
      <ServiceChips services={services} shown={9} unfolds />
    </>
  )
}

/** How the trace came to be kept: by the trace state of its spans, and by the decision on record. */
function Sampling({ built, whole, stored }: { built: Built; whole: boolean; stored: boolean }) {
  const { facts } = built
  const start = BigInt(facts.start)
  const key = stored && whole ? facts.traceId : undefined
  // Decisions are found faster within a time: none falls before the trace.
  const load = useLoad(
    key,
    key === undefined
      ? undefined
      : async signal => {
          if (!(await fetchFeatures(signal)).decisions) return { decisions: [] }
          return getJson<Gaps & { decisions: Decision[] }>(
            `/v1/traces/${encodeURIComponent(key)}/decision?start=${start - 60_000_000_000n}`,
            signal,
          )
        },
  )
  const decisions = (load.value?.decisions ?? []).filter(decision => !decision.superseded)
  const first = decisions.find(decision => decision.fragment === 0) ?? decisions[0]
  const late = decisions.filter(decision => decision.fragment > 0)
  const lateSpans = late.reduce((sum, decision) => sum + decision.digest.spanCount, 0)
  const weight = Number(facts.weight.toPrecision(3))
  return (
    <>
      {(first !== undefined || facts.weight > 1) && (
        <Fact
          label={first?.verdict === 'drop' ? 'Dropped by' : 'Kept by'}
          value={
            <>
              {first?.policy ?? 'a sampler'}
              {first?.verdict !== 'drop' && (
                <span class="quiet">
                  {' · '}
                  {weight === 1 ? 'stands for itself' : `stands for ${weight.toLocaleString('en')} traces`}
                </span>
              )}
            </>
          }
          {...(first
            ? { title: `Version ${first.version} of the policy; ${Number((100 * first.keptShare).toPrecision(3))} % of such traces are kept.` }
            : {})}
        />
      )}
      {late.length > 0 && (
        <Fact
          label="Late"
          value={plural(lateSpans, 'span')}
          title={`Came after the trace was complete: ${late.map(decision => `${plural(decision.digest.spanCount, 'span')} with ${decision.digest.rootOperation}`).join('; ')}`}
        />
      )}
      {(facts.keptForError || first?.incomplete === true) && (
        <Fact label="Maybe incomplete" value="head kept an error" title="The head kept some spans only because one failed, so others of this trace may be missing." />
      )}
    </>
  )
}

function Downloads({ id }: { id: string }) {
  const formats = [
    { name: 'OTLP JSON', path: `/v1/traces/${id}` },
    { name: 'Jaeger JSON', path: `/api/traces/${id}` },
    { name: 'Zipkin JSON', path: `/api/v2/trace/${id}` },
  ]
  return (
    <Menu label="Download">
      {formats.map(({ name, path }) => (
        <li key={name}>
          <a href={path} download={`${id}-${name.split(' ')[0]!.toLowerCase()}.json`}>
            {name}
          </a>
        </li>
      ))}
    </Menu>
  )
}

/** The row that the trace is named by: the first top whose parent is not missing, else the first server's, else the first. */
export function rootRow({ layout }: Built): number {
  let best = 0
  for (let row = 0; row < layout.rows; row = layout.end[row]!) {
    if ((layout.flags[row]! & NO_PARENT) === 0) return row
    if (layout.kind[row] === SERVER && layout.kind[best] !== SERVER) best = row
  }
  return best
}

function Fact({ label, value, title }: { label: string; value: preact.ComponentChildren; title?: string }) {
  return (
    <div class="fact" title={title}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  )
}
