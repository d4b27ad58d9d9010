import { useEffect, useMemo } from 'preact/hooks'
import { go, Link, type Route } from '../router'
import { ChooseTrace, IdForm } from './ChooseTrace'
import { TwoSets } from './TwoSets'
import { TwoTraces } from './TwoTraces'
import { readComparison, tracesUrl } from './url'
import '../figures/figures.css'
import './compare.css'

/** Two traces, or two sets of them, side by side. */
export default function ComparePage({ route }: { route: Route }) {
  const wanted = useMemo(() => readComparison(route.parameters, route.names), [route])
  useEffect(() => {
    document.title = 'Compare – Millrace'
  }, [])
  return (
    <main id="main" class="page figures-page compare">
      <div class="figures-head">
        <h1>{wanted.kind === 'sets' ? 'Compare two sets of traces' : 'Compare two traces'}</h1>
      </div>
      {content()}
    </main>
  )

  function content() {
    if (wanted.kind === 'sets') return <TwoSets a={wanted.a} b={wanted.b} />
    if (wanted.kind === 'traces') {
      const { left, right } = wanted
      return right === undefined ? (
        <ChooseTrace key={left} left={left} />
      ) : (
        <TwoTraces key={`${left} ${right}`} {...wanted} right={right} />
      )
    }
    return (
      <>
        <section class="panel" aria-label="Two traces">
          <h2>Two traces</h2>
          <IdForm label="Trace id of the first trace" onId={id => go(tracesUrl(id, undefined))} />
          <p class="panel-note">Or open a trace and choose Compare.</p>
        </section>
        <section class="panel" aria-label="Two sets">
          <h2>Two sets</h2>
          <p class="panel-note">
            <Link href="/search">Search</Link>, draw a box around the slow ones, and choose Compare: it tells which
            attributes and operations they have that the others have not.
          </p>
        </section>
      </>
    )
  }
}
