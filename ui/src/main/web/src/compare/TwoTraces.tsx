import { useEffect, useMemo, useState } from 'preact/hooks'
import { FailureNotice, GapsStrip, Loading, Notice } from '../components/Notice'
import { serviceColour } from '../colour'
import { formatDuration, formatTime, plural, shortId } from '../format'
import { goInstead, Link } from '../router'
import type { PathNode } from '../trace/aggregate'
import { useTrace, type TraceSession, type TraceState } from '../trace/session'
import { rootRow } from '../trace/TraceHeader'
import { hexOf } from '../trace/spans'
import type { Built } from '../trace/tree'
import { DiffTable } from './DiffTable'
import { diffRows, diffTraces, leastNanos, summarise, type Measure, type Shown } from './traceDiff'
import { tracesUrl } from './url'

interface TwoTracesProps {
  left: string
  right: string
  shown: Shown
  measure: Measure
}

/** Two traces as one tree of ways, with what either has alone and where one takes longer. */
export function TwoTraces({ left, right, shown, measure }: TwoTracesProps) {
  const a = useWays(left)
  const b = useWays(right)
  const root = useMemo(() => (a.ways && b.ways ? diffTraces(a.ways, b.ways) : undefined), [a.ways, b.ways])
  const least = leastNanos(a.ways?.built.facts.duration ?? 0, b.ways?.built.facts.duration ?? 0)
  const all = useMemo(() => (root ? diffRows(root, measure, least, 'all') : []), [root, measure, least])
  const rows = useMemo(() => (root && shown !== 'all' ? diffRows(root, measure, least, shown) : all), [root, all, shown])
  const sum = useMemo(() => summarise(all), [all])
  const turn = (change: { shown?: Shown; measure?: Measure }) =>
    goInstead(tracesUrl(left, right, { shown, measure, ...change }))

  const missing = [a.state.absent && left, b.state.absent && right].filter(id => id !== false)
  if (missing.length > 0) {
    return (
      <Notice title="No such trace here.">
        No span of <code>{missing.join(' and ')}</code> was found. It may still be on its way, or it was not kept. <Link href={tracesUrl(missing[0] === left ? right : left, undefined)}>Choose another</Link>.
      </Notice>
    )
  }
  const failure = a.state.failure ?? b.state.failure
  return (
    <>
      <div class="sides">
        <TraceCard side="A" id={left} built={a.ways?.built} state={a.state} />
        <div class="sides-middle">
          <Link href={tracesUrl(right, left, { shown, measure })} class="button small">
            Swap
          </Link>
        </div>
        <TraceCard side="B" id={right} built={b.ways?.built} state={b.state} />
      </div>
      <GapsStrip reasons={[...new Set([...a.state.gaps, ...b.state.gaps])]} />
      {failure && <FailureNotice failure={failure} />}
      {root === undefined ? (
        !failure && <Loading what="the two traces" />
      ) : (
        <section class="panel" aria-label="What differs">
          <div class="panel-head">
            <h2>What differs</h2>
            <p class="panel-note" role="status">
              {plural(sum.both, 'span')} in both, {sum.left.toLocaleString('en')} only in A,{' '}
              {sum.right.toLocaleString('en')} only in B; in B {sum.slower.toLocaleString('en')} slower and{' '}
              {sum.faster.toLocaleString('en')} faster
            </p>
            <div class="panel-tools">
              <div class="tabs" role="group" aria-label="Time">
                <button type="button" aria-pressed={measure === 'total'} onClick={() => turn({ measure: 'total' })}>
                  Duration
                </button>
                <button type="button" aria-pressed={measure === 'self'} onClick={() => turn({ measure: 'self' })}>
                  Of its own
                </button>
              </div>
              <div class="tabs" role="group" aria-label="Rows">
                <button
                  type="button"
                  aria-pressed={shown === 'differences'}
                  onClick={() => turn({ shown: 'differences' })}
                >
                  Differences
                </button>
                <button type="button" aria-pressed={shown === 'all'} onClick={() => turn({ shown: 'all' })}>
                  All
                </button>
              </div>
            </div>
          </div>
          <DiffTable
            rows={rows}
            measure={measure}
            linkOf={(side, row) => spanLink(side === 'left' ? left : right, (side === 'left' ? a : b).ways!.built, row)}
          />
          <p class="panel-note diff-note">
            Spans are matched by service, operation and the way to them. A difference below a tenth, or below{' '}
            {formatDuration(least / 1000)}, is not told.
          </p>
        </section>
      )}
    </>
  )
}

interface Half {
  state: TraceState
  ways: { root: PathNode; services: readonly string[]; names: readonly string[]; built: Built } | undefined
}

/** A trace once it is whole, as ways. */
function useWays(id: string): Half {
  const [state, session] = useTrace({ kind: 'server', id }, 0, true)
  const [ways, setWays] = useState<Half['ways']>()
  const whole = state.whole ? state.built : undefined
  useEffect(() => {
    setWays(undefined)
    if (!whole || !session) return
    let moot = false
    void waysOf(session, whole).then(found => !moot && setWays(found))
    return () => {
      moot = true
    }
  }, [whole, session])
  return { state, ways }
}

async function waysOf(session: TraceSession, built: Built): Promise<NonNullable<Half['ways']>> {
  const root = await session.ask({ ask: 'paths', from: 0, to: built.layout.rows })
  return { root, services: built.facts.services, names: built.facts.names, built }
}

function spanLink(id: string, { layout }: Built, row: number): string {
  return `/trace/${id}?span=${hexOf(layout.idHigh[row]!, layout.idLow[row]!)}`
}

interface TraceCardProps {
  side: 'A' | 'B'
  id: string
  built: Built | undefined
  state: TraceState
}

function TraceCard({ side, id, built, state }: TraceCardProps) {
  const facts = built?.facts
  const root = built && built.layout.rows > 0 ? rootRow(built) : undefined
  return (
    <section class={`side side-${side.toLowerCase()}`} aria-label={`Trace ${side}`}>
      <p class="side-name">
        <b class="side-mark">{side}</b>
        {built && root !== undefined ? (
          <>
            <i class="dot" style={{ background: serviceColour(facts!.services[built.layout.service[root]!]!) }} />
            <Link href={`/trace/${id}`}>
              <span class="service">{facts!.services[built.layout.service[root]!]}</span>{' '}
              <bdi>{facts!.names[built.layout.name[root]!]!.slice(0, 300)}</bdi>
            </Link>
          </>
        ) : (
          <Link href={`/trace/${id}`}>{shortId(id)}</Link>
        )}
      </p>
      <p class="panel-note side-facts">
        {facts ? (
          <>
            <b>{formatDuration(facts.duration / 1000)}</b>
            <span>{plural(facts.spans, 'span')}</span>
            <span class={facts.errors > 0 ? 'is-bad' : undefined}>{plural(facts.errors, 'error')}</span>
            <span>{formatTime(Number(BigInt(facts.start) / 1000n))}</span>
            <span class="mono">{shortId(id)}</span>
          </>
        ) : (
          <span>{state.spans > 0 ? `${plural(state.spans, 'span')} so far …` : 'Loading …'}</span>
        )}
      </p>
    </section>
  )
}
