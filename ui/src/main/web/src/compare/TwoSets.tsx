import { useMemo } from 'preact/hooks'
import { FailureNotice, GapsStrip, Loading, Notice, StaleStrip, Strip } from '../components/Notice'
import { SortedTable } from '../figures/SortedTable'
import { formatShare } from '../figures/words'
import { formatDuration, plural } from '../format'
import { useLoad } from '../load'
import { Link } from '../router'
import { problemOf, type SearchQuery } from '../search/query'
import { fetchPage, type TraceSummary } from '../search/results'
import { describe } from '../search/words'
import { quantile } from '../trace/stats'
import { SET_SIZE } from './choices'
import { attributeRows, operationRows, type OperationRow, type SetProfile, type ShareRow } from './setDiff'
import { parametersOf, setsUrl } from './url'
import { useProfile, type ProfileState } from './useProfile'

interface TwoSetsProps {
  a: SearchQuery
  b: SearchQuery
}

const PAGES = 4

/** What the traces of two searches have more of, and less. */
export function TwoSets({ a, b }: TwoSetsProps) {
  const problem = problemOf(a) ?? problemOf(b)
  const key = `${parametersOf(a)}\n${parametersOf(b)}`
  const found = useLoad(
    key,
    problem === undefined
      ? async signal => {
          const now = Date.now() * 1000
          const inA = await gather(a, now, new Set(), signal)
          const inB = await gather(b, now, new Set(inA.traces.map(trace => trace.id)), signal)
          return { key, inA: inA.traces, inB: inB.traces, reasons: [...new Set([...inA.reasons, ...inB.reasons])] }
        }
      : undefined,
  )
  const value = found.value?.key === key ? found.value : undefined
  const profileA = useProfile(value?.inA)
  const profileB = useProfile(value?.inB)

  if (problem !== undefined) return <Notice tone="error" title="The search cannot be asked.">{problem}</Notice>
  const silent = profileA.silent ?? profileB.silent
  return (
    <>
      <div class="sides">
        <SetCard side="A" query={a} other={b} traces={value?.inA} profile={profileA} />
        <div class="sides-middle">
          <Link href={setsUrl(b, a)} class="button small">
            Swap
          </Link>
        </div>
        <SetCard side="B" query={b} other={a} traces={value?.inB} profile={profileB} />
      </div>
      {value && <StaleStrip failure={found.failure} slow={found.slow} />}
      {silent && <Strip tone="error">The server does not answer: {silent}. Trying again …</Strip>}
      <GapsStrip reasons={[...new Set([...(value?.reasons ?? []), ...profileA.gaps, ...profileB.gaps])]} />
      {content()}
    </>
  )

  function content() {
    if (!value) return found.failure ? <FailureNotice failure={found.failure} /> : <Loading what="both sets" />
    const refused = profileA.failed ?? profileB.failed
    if (refused !== undefined) return <FailureNotice failure={{ message: refused, retrying: false }} />
    const empty = value.inA.length === 0 ? 'A' : value.inB.length === 0 ? 'B' : undefined
    if (empty) {
      return (
        <Notice title={`Set ${empty} is empty.`}>
          {empty === 'B' ? 'What both searches find belongs to A. ' : ''}Widen its search, or choose another.
        </Notice>
      )
    }
    if (!profileA.profile || !profileB.profile) return <Loading what="the traces of both sets" />
    return <Differences a={profileA.profile} b={profileB.profile} base={a} />
  }
}

/** The first traces of a query but for some, as many as a set has. */
async function gather(query: SearchQuery, now: number, without: ReadonlySet<string>, signal: AbortSignal) {
  const traces: TraceSummary[] = []
  const reasons = new Set<string>()
  let cursor: string | undefined
  for (let page = 0; page < PAGES && traces.length < SET_SIZE; page++) {
    const found = await fetchPage({ ...query, limit: 2 * SET_SIZE }, now, cursor, signal)
    traces.push(...found.traces.filter(trace => !without.has(trace.id)))
    for (const reason of found.reasons) reasons.add(reason)
    cursor = found.next
    if (cursor === undefined) break
  }
  return { traces: traces.slice(0, SET_SIZE), reasons: [...reasons] }
}

interface SetCardProps {
  side: 'A' | 'B'
  query: SearchQuery
  other: SearchQuery
  traces: TraceSummary[] | undefined
  profile: ProfileState
}

function SetCard({ side, query, other, traces, profile }: SetCardProps) {
  const durations = Float64Array.from(traces ?? [], trace => trace.duration).sort()
  const failed = (traces ?? []).filter(trace => trace.errors > 0).length
  const parameters = parametersOf(query)
  const another = `/search?${new URLSearchParams([
    ...new URLSearchParams(parameters),
    ['against', parametersOf(other)],
  ])}`
  return (
    <section class={`side side-${side.toLowerCase()}`} aria-label={`Set ${side}`}>
      <p class="side-name">
        <b class="side-mark">{side}</b>
        <Link href={`/search?${parameters}`}>
          <bdi>{describe(query)}</bdi>
        </Link>
        {side === 'B' && <span class="quiet">but for those of A</span>}
      </p>
      <p class="panel-note side-facts">
        {traces ? (
          <>
            <b>{plural(traces.length, 'trace')}</b>
            {traces.length > 0 && (
              <>
                <span>p50 {formatDuration(quantile(durations, 0.5))}</span>
                <span>p90 {formatDuration(quantile(durations, 0.9))}</span>
                <span class={failed > 0 ? 'is-bad' : undefined}>{failed} failed</span>
              </>
            )}
            {!profile.profile && traces.length > 0 && <span>{profile.read} read …</span>}
            {profile.absent > 0 && <span>{profile.absent} no longer there</span>}
            {(profile.profile?.cut ?? 0) > 0 && <span>{profile.profile!.cut} looked at in part</span>}
          </>
        ) : (
          <span>Loading …</span>
        )}
        {side === 'B' && <Link href={another}>Choose another search</Link>}
      </p>
    </section>
  )
}

function Differences({ a, b, base }: { a: SetProfile; b: SetProfile; base: SearchQuery }) {
  const attributes = useMemo(() => attributeRows(a, b), [a, b])
  const operations = useMemo(() => operationRows(a, b), [a, b])
  const few = a.traces < 10 || b.traces < 10
  return (
    <>
      {few && <Strip>There are few traces in a set; what is quiet may be chance.</Strip>}
      <section class="panel attributes-differ" aria-label="Attributes that differ">
        <div class="panel-head">
          <h2>Attributes</h2>
          <p class="panel-note">In how many of the traces some span has it. Quiet rows may be chance.</p>
        </div>
        <SortedTable<ShareRow>
          caption="Attributes by how much their share differs"
          rows={attributes}
          keyOf={row => `${row.key}\n${row.value}`}
          first={{ column: 5, down: true }}
          most={40}
          empty="All attributes are as frequent in both sets."
          mark={row => (row.chance ? 'chance' : undefined)}
          columns={[
            { label: 'Attribute', head: true, by: row => row.key, cell: row => <bdi>{row.key.slice(0, 200)}</bdi> },
            {
              label: 'Value',
              by: row => row.value ?? '',
              cell: row =>
                row.value === undefined ? (
                  <span class="quiet">(any)</span>
                ) : (
                  <Link href={narrowed(base, row.key, row.value)} title="Traces that have it">
                    <bdi class="mono">{row.value === '' ? '(empty)' : row.value}</bdi>
                  </Link>
                ),
            },
            { label: 'In A', number: true, by: row => row.shareA, cell: row => formatShare(row.shareA) },
            { label: 'In B', number: true, by: row => row.shareB, cell: row => formatShare(row.shareB) },
            { label: 'Shares', by: () => undefined, cell: row => <Shares a={row.shareA} b={row.shareB} /> },
            { label: 'A − B', number: true, by: row => Math.abs(row.by), cell: row => points(row.by) },
          ]}
        />
      </section>
      <section class="panel" aria-label="Operations that differ">
        <div class="panel-head">
          <h2>Operations</h2>
          <p class="panel-note">Time of its own and spans are averages over all traces of a set.</p>
        </div>
        <SortedTable<OperationRow>
          caption="Operations by how much the time of their own differs"
          rows={operations}
          keyOf={row => `${row.service}\n${row.name}`}
          first={{ column: 8, down: true }}
          most={40}
          columns={[
            { label: 'Operation', head: true, by: row => row.name, cell: row => <bdi>{row.name.slice(0, 300)}</bdi> },
            { label: 'Service', by: row => row.service },
            { label: 'In A', number: true, by: row => row.shareA, cell: row => formatShare(row.shareA) },
            { label: 'In B', number: true, by: row => row.shareB, cell: row => formatShare(row.shareB) },
            {
              label: 'Spans A → B',
              number: true,
              by: row => Math.abs(row.spansA - row.spansB),
              cell: row => `${average(row.spansA)} → ${average(row.spansB)}`,
            },
            {
              label: 'Errors A → B',
              number: true,
              by: row => Math.abs(row.errorsA - row.errorsB),
              cell: row => `${formatShare(row.errorsA)} → ${formatShare(row.errorsB)}`,
            },
            { label: 'Own time A', number: true, by: row => row.selfA, cell: row => formatDuration(row.selfA) },
            { label: 'Own time B', number: true, by: row => row.selfB, cell: row => formatDuration(row.selfB) },
            {
              label: 'A − B',
              number: true,
              by: row => Math.abs(row.selfA - row.selfB),
              cell: row => signed(row.selfA - row.selfB),
            },
          ]}
        />
      </section>
    </>
  )
}

function Shares({ a, b }: { a: number; b: number }) {
  return (
    <span class="shares" aria-hidden="true">
      <i class="share-a" style={{ width: `${100 * a}%` }} />
      <i class="share-b" style={{ width: `${100 * b}%` }} />
    </span>
  )
}

function narrowed(base: SearchQuery, key: string, value: string): string {
  const query: SearchQuery = { ...base, mode: 'form', traceql: '', attributes: [...base.attributes, { key, value }] }
  return `/search?${parametersOf(query)}`
}

function points(by: number): string {
  const percent = Math.round(100 * by)
  return percent === 0 ? '<1 %' : `${percent > 0 ? '+' : '−'}${Math.abs(percent)} %`
}

function average(count: number): string {
  return String(Number(count.toFixed(count < 10 ? 1 : 0)))
}

function signed(micros: number): string {
  return micros === 0 ? '0' : `${micros > 0 ? '+' : '−'}${formatDuration(Math.abs(micros))}`
}
