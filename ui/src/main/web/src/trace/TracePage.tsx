import { useEffect, useMemo, useState } from 'preact/hooks'
import { FailureNotice, GapsStrip, Loading, Notice, StaleStrip, Strip } from '../components/Notice'
import { formatBytes, plural } from '../format'
import { Link, type Route } from '../router'
import { useSlow } from '../slow'
import { useTrace } from './session'
import './views.css'
import './trace.css'
import { rootRow } from './TraceHeader'
import { TraceView } from './TraceView'
import type { Built } from './tree'
import { readView } from './url'

const FIRST_REPEAT_MS = 5_000
const LAST_REPEAT_MS = 60_000

/** Built anew for each trace; of the route only the parameters change. */
export default function TracePage({ route }: { route: Route }) {
  const id = route.names['id']!
  const source = useMemo(() => ({ kind: 'server' as const, id }), [id])
  const [round, setRound] = useState(0)
  const [correct, setCorrect] = useState(() => !readView(route.parameters).raw)
  const [state, session] = useTrace(source, round, correct)
  const { built, failure, whole } = state
  useTitle(built)
  const slow = useSlow(!whole && !failure, state.bytes)

  // What was missing may be there again.
  const gaps = whole && state.gaps.length > 0
  useEffect(() => {
    if (!gaps) return
    const timer = setTimeout(() => setRound(round + 1), Math.min(FIRST_REPEAT_MS * 2 ** round, LAST_REPEAT_MS))
    return () => clearTimeout(timer)
  }, [gaps, round])

  const changeClocks = (wanted: boolean) => {
    setCorrect(wanted)
    session?.send({ kind: 'correct', correct: wanted })
  }

  if (built && session && !state.absent) {
    return (
      <TraceView
        built={built}
        whole={whole}
        session={session}
        route={route}
        correct={correct}
        onCorrect={changeClocks}
        stored
        onRefresh={() => setRound(round + 1)}
      >
        <StaleStrip failure={failure?.retrying ? failure : undefined} />
        <GapsStrip reasons={state.gaps} />
        {!whole && !failure && (
          <Strip>
            Loading: {plural(state.spans, 'span')}, {formatBytes(state.bytes)} so far …
            {slow && ' The server is slow to answer.'}
          </Strip>
        )}
      </TraceView>
    )
  }
  return (
    <main id="main" class="page">
      {failure ? (
        <FailureNotice failure={failure} />
      ) : state.absent ? (
        <Notice title="No such trace here.">
          No span of <code>{id.slice(0, 64)}</code> was found. It may still be on its way, or it was not kept.{' '}
          <button type="button" class="link" onClick={() => setRound(round + 1)}>
            Look again
          </button>{' '}
          or <Link href="/search">search</Link>.
        </Notice>
      ) : (
        <Loading what="the trace" />
      )}
    </main>
  )
}

/** Names the document after the trace. */
export function useTitle(built: Built | undefined): void {
  useEffect(() => {
    if (!built || built.layout.rows === 0) {
      document.title = 'Trace – Millrace'
      return
    }
    const { layout, facts } = built
    const root = rootRow(built)
    document.title = `${facts.services[layout.service[root]!]}: ${facts.names[layout.name[root]!]!.slice(0, 200)} – Millrace`
  }, [built])
}
