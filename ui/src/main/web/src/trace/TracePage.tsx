import { useEffect, useState } from 'preact/hooks'
import { fetchTrace } from '../api'
import { useLoad } from '../load'
import { buildTrace } from './model'
import { Link, rememberUrl, type Route } from '../router'
import { FailureNotice, Loading, Notice } from '../components/Notice'
import './trace.css'
import { TraceView } from './TraceView'

/** Built anew for each trace; only the span in the route changes. */
export default function TracePage({ route }: { route: Route }) {
  const id = route.names['id']!
  const [round, setRound] = useState(0)
  const load = useLoad(round, async signal => {
    const trace = await fetchTrace(id, signal)
    return { trace: trace && trace.spans.length > 0 ? buildTrace(trace) : undefined }
  })
  const trace = load.value?.trace
  const root = trace?.spans[0]

  useEffect(() => {
    document.title = root ? `${root.service}: ${root.operation} – Millrace` : 'Millrace'
  }, [root])

  if (trace) {
    const remember = (selected: string | undefined) =>
      rememberUrl(`/trace/${id}${selected ? `?span=${encodeURIComponent(selected)}` : ''}`)
    return <TraceView trace={trace} route={route} onSelect={remember} />
  }
  return (
    <main id="main" class="page">
      {load.failure ? (
        <FailureNotice failure={load.failure} />
      ) : load.busy ? (
        <Loading what="the trace" />
      ) : (
        <Notice title="No such trace here.">
          No span of <code>{id}</code> was found. It may still be on its way, or it was not kept.{' '}
          <button type="button" class="link" onClick={() => setRound(round + 1)}>
            Look again
          </button>{' '}
          or <Link href="/search">search</Link>.
        </Notice>
      )}
    </main>
  )
}
