import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { FailureNotice, GapsStrip, Loading, Notice, StaleStrip } from '../components/Notice'
import { rangeParameters, readRange, urlOf, type TimeRange } from '../figures/range'
import { RangePicker } from '../figures/RangePicker'
import { SortedTable } from '../figures/SortedTable'
import { formatCount, formatRate, formatShare, shareOf } from '../figures/words'
import { formatDuration } from '../format'
import { useLoad } from '../load'
import { go, goInstead, Link, type Route } from '../router'
import { fetchDependencies, fetchServiceTotals } from './api'
import { buildGraph, focus, healthClass, type ServiceGraph, type ServiceLink } from './graph'
import { KindMark, KINDS, ServiceMap, type Selection } from './ServiceMap'
import { SelectionPanel } from './SelectionPanel'
import { errorTraces, servicePage, traces } from './links'
import '../figures/figures.css'
import './services.css'

const FRESH_MS = 30_000
const HOPS = [1, 2, 3] as const

/** The map of services, and the same as tables. */
export default function ServicesPage({ route }: { route: Route }) {
  const { parameters } = route
  const shown = readRange(parameters, Date.now())
  const around = parameters.get('service') ?? undefined
  const hops = Number(parameters.get('hops') ?? 1)
  const asTable = parameters.get('view') === 'table'
  const [search, setSearch] = useState('')
  const [selection, setSelection] = useState<Selection>()

  const key = `${shown.lookback ?? `${shown.start}-${shown.end}`}`
  const load = useLoad(
    key,
    async signal => {
      const range = readRange(parameters, Date.now())
      const [dependencies, red] = await Promise.all([
        fetchDependencies(range, undefined, signal),
        fetchServiceTotals(range, signal),
      ])
      return { range, graph: buildGraph(dependencies, red), reasons: [...(dependencies.reasons ?? []), ...(red.reasons ?? [])] }
    },
    shown.lookback === undefined ? {} : { every: FRESH_MS },
  )
  useEffect(() => {
    document.title = 'Services – Millrace'
  }, [])

  const visit = (changes: Record<string, string | undefined>, range: TimeRange = shown, instead = false) => {
    const kept = {
      service: around,
      hops: parameters.get('hops') ?? undefined,
      view: asTable ? 'table' : undefined,
      ...changes,
    }
    ;(instead ? goInstead : go)(urlOf('/services', { ...rangeParameters(range), ...kept }))
  }

  const whole = load.value?.graph
  const graph = useMemo(() => whole && focus(whole, around, hops), [whole, around, hops])
  const range = load.value?.range ?? shown
  const seconds = (range.end - range.start) / 1_000
  const known = whole?.nodes.some(node => node.name === around)

  return (
    <main id="main" class="page figures-page services">
      <div class="figures-head">
        <h1>Services</h1>
        <FindService
          graph={whole}
          search={search}
          onSearch={setSearch}
          onFind={name => {
            setSelection({ node: name })
            visit({ service: name })
          }}
        />
        {around !== undefined && (
          <div class="field hops">
            <span>Around {around}</span>
            <div class="hops-choice">
              <select aria-label={`How far around ${around}`} value={hops} onChange={event => visit({ hops: event.currentTarget.value }, shown, true)}>
                {HOPS.map(count => (
                  <option key={count} value={count}>
                    {count === 1 ? '1 call away' : `${count} calls away`}
                  </option>
                ))}
              </select>
              <button type="button" onClick={() => visit({ service: undefined, hops: undefined })}>
                Show all
              </button>
            </div>
          </div>
        )}
        <RangePicker key={key} range={shown} onChoose={chosen => visit({}, chosen)} />
        <div class="views" role="group" aria-label="View">
          <button type="button" aria-pressed={!asTable} onClick={() => visit({ view: undefined }, shown, true)}>
            Map
          </button>
          <button type="button" aria-pressed={asTable} onClick={() => visit({ view: 'table' }, shown, true)}>
            Tables
          </button>
        </div>
      </div>
      {load.value && <StaleStrip failure={load.failure} slow={load.slow} />}
      {load.value && load.value.reasons.length > 0 && <GapsStrip reasons={load.value.reasons} />}
      {around !== undefined && known === false && (
        <p class="strip warn" role="status">
          Nothing was counted of {around} in this time; all services are shown.
        </p>
      )}
      {content()}
    </main>
  )

  function content() {
    if (graph === undefined) {
      return load.failure ? <FailureNotice failure={load.failure} /> : <Loading what="the services" />
    }
    if (graph.nodes.length === 0) {
      return (
        <Notice title="Nothing was counted in this time.">
          Figures appear when traces are complete, within a minute of their last span. Look further back, or send spans.
        </Notice>
      )
    }
    if (asTable) return <Tables graph={graph} range={range} seconds={seconds} />
    return (
      <div class="map-and-panel">
        <ServiceMap graph={graph} seconds={seconds} search={search} selection={selection} onSelect={setSelection} />
        <SelectionPanel
          graph={whole!}
          shown={graph}
          range={range}
          seconds={seconds}
          selection={selection}
          onSelect={setSelection}
          onFocus={name => visit({ service: name })}
        />
      </div>
    )
  }
}

interface FindServiceProps {
  graph: ServiceGraph | undefined
  search: string
  onSearch: (text: string) => void
  onFind: (name: string) => void
}

/** Marks what matches while one types; Enter shows the service and its neighbours, as soon as they are there. */
function FindService({ graph, search, onSearch, onFind }: FindServiceProps) {
  const input = useRef<HTMLInputElement>(null)
  const [entered, setEntered] = useState(false)
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    setEntered(true)
  }
  useEffect(() => {
    if (!entered || !graph) return
    setEntered(false)
    const text = search.trim().toLowerCase()
    if (text === '') return
    const names = graph.nodes.map(node => node.name)
    const found =
      names.find(name => name.toLowerCase() === text) ??
      names.find(name => name.toLowerCase().startsWith(text)) ??
      names.find(name => name.toLowerCase().includes(text))
    if (found === undefined) return
    onSearch('')
    onFind(found)
  }, [entered, graph])
  const count = search.trim() === '' ? 0 : (graph?.nodes.filter(node => node.name.toLowerCase().includes(search.trim().toLowerCase())).length ?? 0)
  return (
    <form class="find" role="search" aria-label="Services" onSubmit={submit}>
      <label class="field">
        <span>Find a service {search.trim() !== '' && <span role="status">· {count} found</span>}</span>
        <input
          ref={input}
          type="search"
          list="service-names"
          autocomplete="off"
          spellcheck={false}
          placeholder="Name, then Enter"
          value={search}
          onInput={event => {
            setEntered(false)
            onSearch(event.currentTarget.value)
          }}
        />
      </label>
      <datalist id="service-names">{graph?.nodes.map(node => <option key={node.name} value={node.name} />)}</datalist>
    </form>
  )
}

function Tables({ graph, range, seconds }: { graph: ServiceGraph; range: TimeRange; seconds: number }) {
  return (
    <>
      <section class="panel">
        <h2>Services ({graph.nodes.length})</h2>
        <SortedTable
          caption="Services with what was asked of them"
          rows={graph.nodes}
          keyOf={node => node.name}
          first={{ column: 2, down: true }}
          most={250}
          columns={[
            {
              label: 'Service',
              head: true,
              by: node => node.name,
              cell: node =>
                node.kind === 'service' ? <Link href={servicePage(node.name, range)}>{node.name}</Link> : node.name,
            },
            {
              label: 'Kind',
              by: node => KINDS[node.kind],
              cell: node => (
                <span class="kind-cell">
                  {node.kind !== 'service' && <KindMark kind={node.kind} />} {KINDS[node.kind]}
                </span>
              ),
            },
            { label: 'Requests', number: true, by: node => node.calls, cell: node => formatRate(node.calls / seconds) },
            ...figureColumns<(typeof graph.nodes)[number]>(),
            {
              label: 'Traces',
              by: () => undefined,
              cell: node =>
                node.kind === 'service' && (
                  <>
                    <Link href={traces(node.name, range)} aria-label={`Traces of ${node.name}`}>
                      all
                    </Link>
                    {node.errors > 0 && (
                      <>
                        {' · '}
                        <Link href={errorTraces(node.name, range)} aria-label={`Traces of ${node.name} with errors`}>
                          errors
                        </Link>
                      </>
                    )}
                  </>
                ),
            },
          ]}
        />
      </section>
      <section class="panel">
        <h2>Calls between them ({graph.links.length})</h2>
        <SortedTable<ServiceLink>
          caption="Calls from one service to another"
          rows={graph.links}
          keyOf={link => `${link.caller}\n${link.callee}`}
          first={{ column: 3, down: true }}
          most={250}
          columns={[
            { label: 'Caller', head: true, by: link => link.caller },
            { label: 'Callee', head: true, by: link => link.callee },
            { label: 'Connection', by: link => link.connections.join(', ') },
            { label: 'Calls', number: true, by: link => link.calls, cell: link => formatRate(link.calls / seconds) },
            ...figureColumns<ServiceLink>(),
          ]}
        />
      </section>
    </>
  )
}

function figureColumns<Row extends ServiceLink | ServiceGraph['nodes'][number]>() {
  const duration = (label: string, of: (row: Row) => number | undefined) => ({
    label,
    number: true,
    by: of,
    cell: (row: Row) => (of(row) === undefined ? '–' : formatDuration(of(row)!)),
  })
  return [
    {
      label: 'In all',
      number: true,
      by: (row: Row) => row.calls,
      cell: (row: Row) => formatCount(row.calls),
    },
    {
      label: 'Errors',
      number: true,
      by: (row: Row) => shareOf(row.errors, row.calls) ?? 0,
      cell: (row: Row) => (
        <span class={healthClass(row)}>{formatShare(shareOf(row.errors, row.calls) ?? 0)}</span>
      ),
    },
    duration('p50', row => row.p50),
    duration('p95', row => row.p95),
    duration('p99', row => row.p99),
  ]
}
