import { useEffect, useState } from 'preact/hooks'
import { fetchServices, fetchTraces } from '../api'
import { useLoad } from '../load'
import { summarise } from '../trace/model'
import { fromUrl, problemOf, toApi, toUrl } from './query'
import { goInstead, type Route } from '../router'
import { FailureNotice, Loading, Notice } from '../components/Notice'
import { ResultList } from './ResultList'
import './search.css'
import { SearchForm } from './SearchForm'

const POLL_MS = 5_000

export default function SearchPage({ route }: { route: Route }) {
  const query = fromUrl(route.parameters)
  const problem = problemOf(query)
  const [round, setRound] = useState(0)
  const services = useLoad(round, fetchServices)
  const results = useLoad(
    route,
    query.service !== '' && problem === undefined
      ? async signal => {
          const now = Date.now() * 1000
          const traces = await fetchTraces(toApi(query, now), signal)
          return { now, traces: traces.map(summarise).sort((a, b) => b.start - a.start) }
        }
      : undefined,
  )

  useEffect(() => {
    document.title = query.service ? `${query.service} – Millrace` : 'Millrace'
  }, [query.service])

  // A new server has no services until the first spans arrive.
  const empty = services.value?.length === 0
  useEffect(() => {
    if (!empty) return
    const timer = setTimeout(() => setRound(round + 1), POLL_MS)
    return () => clearTimeout(timer)
  }, [empty, round])

  // Jaeger's API searches within one service: begin with the first.
  const first = services.value?.[0]
  useEffect(() => {
    if (query.service === '' && first !== undefined) goInstead(toUrl({ ...query, service: first }))
  }, [query.service, first])

  return (
    <main id="main" class="page search">
      <SearchForm query={query} services={services.value ?? []} />
      <section class={results.busy ? 'results busy' : 'results'} aria-label="Traces" aria-busy={results.busy}>
        {content()}
      </section>
    </main>
  )

  function content() {
    if (services.failure && results.value === undefined) return <FailureNotice failure={services.failure} />
    if (empty) {
      return (
        <Notice title="No spans have arrived yet.">
          Point an OpenTelemetry exporter at this server; its service will then appear in the list.
        </Notice>
      )
    }
    if (problem !== undefined) return <Notice tone="error" title="The search cannot be asked.">{problem}</Notice>
    if (results.failure) return <FailureNotice failure={results.failure} />
    if (results.value === undefined) return <Loading what="traces" />
    if (results.value.traces.length === 0 && !results.busy) {
      return (
        <Notice title="No traces match this search.">
          Look back further, or drop the operation, a tag or a duration.
        </Notice>
      )
    }
    return <ResultList traces={results.value.traces} now={results.value.now} limit={query.limit} />
  }
}
