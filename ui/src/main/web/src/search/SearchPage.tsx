import { useEffect, useMemo, useState } from 'preact/hooks'
import { fetchServices } from '../api'
import { setsUrl } from '../compare/url'
import { FailureNotice, GapsStrip, Loading, Notice, StaleStrip } from '../components/Notice'
import { useLoad } from '../load'
import { go, goInstead, Link, type Route } from '../router'
import { boundsOf, fromUrl, problemOf, toUrl, type Order, type QueryTime, type SearchQuery } from './query'
import { ResultList } from './ResultList'
import './search.css'
import { SearchForm } from './SearchForm'
import { TimePlot } from './TimePlot'
import { usePlaceInList, useSearch } from './useSearch'
import { describe } from './words'

const POLL_MS = 5_000

export default function SearchPage({ route }: { route: Route }) {
  const query = useMemo(() => fromUrl(route.parameters), [route])
  const problem = problemOf(query)
  const [round, setRound] = useState(0)
  const services = useLoad(round, fetchServices)
  const { found, busy, failure, slow, more } = useSearch(route, query)
  const keepScroll = usePlaceInList(route, found !== undefined && !busy)

  useEffect(() => {
    const subject = query.mode === 'traceql' ? query.traceql : [query.service, query.operation].filter(Boolean).join(' ')
    document.title = subject ? `${subject} – Millrace` : 'Search – Millrace'
  }, [query])

  // Jaeger's links to several traces at once name them here; one is shown as itself.
  const named = route.parameters.getAll('traceID')
  useEffect(() => {
    if (named.length === 1) goInstead(`/trace/${encodeURIComponent(named[0]!)}`)
  }, [named.length])

  // A new server has no services until the first spans arrive.
  const empty = services.value?.length === 0
  useEffect(() => {
    if (!empty) return
    const timer = setTimeout(() => setRound(round + 1), POLL_MS)
    return () => clearTimeout(timer)
  }, [empty, round])

  const bounds = boundsOf(query.time, found?.now ?? 0)
  const narrow = (time: QueryTime, durations?: { min: string; max: string }) =>
    go(toUrl({ ...query, time, ...(durations ? { minDuration: durations.min, maxDuration: durations.max } : {}) }))
  return (
    <main id="main" class="page search">
      <h1 class="sr-only">Search traces</h1>
      <SearchForm query={query} services={services.value ?? []} failed={services.failure !== undefined} />
      <section class={busy ? 'results busy' : 'results'} aria-label="Traces" aria-busy={busy}>
        {content()}
      </section>
    </main>
  )

  function content() {
    if (problem !== undefined) return <Notice tone="error" title="The search cannot be asked.">{problem}</Notice>
    if (failure && found === undefined) return <FailureNotice failure={failure} />
    if (found === undefined) return <Loading what="traces" />
    if (empty && found.traces.length === 0) {
      return (
        <Notice title="No spans have arrived yet.">
          Point an OpenTelemetry exporter at this server; its service will then appear in the list.
        </Notice>
      )
    }
    return (
      <>
        <StaleStrip failure={failure} slow={slow} />
        <GapsStrip reasons={found.reasons} />
        {query.against !== '' && <Against query={query} />}
        <TimePlot
          query={query}
          traces={found.traces}
          start={bounds.start}
          end={bounds.end}
          visit={found.now}
          onNarrow={narrow}
        />
        {found.traces.length === 0 ? (
          !busy && (
            <Notice title="No traces match this search.">
              Look back further, or drop the operation, an attribute or a duration.
            </Notice>
          )
        ) : (
          <ResultList
            query={query}
            traces={found.traces}
            now={found.now}
            onOrder={(order: Order) => goInstead(toUrl({ ...query, order }))}
            more={found.next !== undefined}
            busy={busy}
            onMore={more}
            onLeave={keepScroll}
          />
        )}
      </>
    )
  }
}

/** Says that this search is for being compared with another, and leads there. */
function Against({ query }: { query: SearchQuery }) {
  const other = fromUrl(new URLSearchParams(query.against))
  return (
    <p class="strip against" role="status">
      <span>
        To be compared with <bdi>{describe(other)}</bdi>
      </span>
      <Link href={setsUrl(other, query)} class="button small primary">
        Compare with these
      </Link>
      <button type="button" class="link" onClick={() => goInstead(toUrl({ ...query, against: '' }))}>
        Only search
      </button>
    </p>
  )
}
