import { useEffect, useState } from 'preact/hooks'
import { serviceColour } from '../colour'
import { FailureNotice, GapsStrip, Loading, Notice, StaleStrip } from '../components/Notice'
import { Chart } from '../figures/Chart'
import { rangeParameters, readRange, urlOf, type TimeRange } from '../figures/range'
import { RangePicker } from '../figures/RangePicker'
import { SortedTable } from '../figures/SortedTable'
import { formatCount, formatRate, formatShare, shareOf } from '../figures/words'
import { formatDuration, formatTime } from '../format'
import { useLoad } from '../load'
import { go, Link, type Route } from '../router'
import { fetchDependencies, fetchOperationTotals, fetchServiceOverTime } from './api'
import { healthClass, healthOf, readFigures, type Figures, type ServiceLink } from './graph'
import { atLeast, errorTraces, mapAround, servicePage, traces } from './links'
import { operationTotals, overTime, type OperationTotal, type OverTime } from './overTime'
import '../figures/figures.css'
import './services.css'

const FRESH_MS = 30_000

/** How one service fares: requests, errors and latency over time, its operations, and whom it calls. */
export default function ServicePage({ route }: { route: Route }) {
  const service = route.names['name']!
  const { parameters } = route
  const shown = readRange(parameters, Date.now())
  const key = shown.lookback ?? `${shown.start}-${shown.end}`
  const [kind, setKind] = useState<string>()
  const load = useLoad(
    key,
    async signal => {
      const range = readRange(parameters, Date.now())
      const [series, operations, dependencies] = await Promise.all([
        fetchServiceOverTime(range, service, signal),
        fetchOperationTotals(range, service, signal),
        fetchDependencies(range, service, signal),
      ])
      return {
        range,
        kinds: overTime(series),
        operations: operationTotals(operations),
        links: dependencies.links.map(link => ({
          caller: link.caller,
          callee: link.callee,
          connections: [link.connection],
          ...readFigures(link),
        })),
        reasons: [...new Set([series, operations, dependencies].flatMap(answer => answer.reasons ?? []))],
      }
    },
    shown.lookback === undefined ? {} : { every: FRESH_MS },
  )
  useEffect(() => {
    document.title = `${service} – Millrace`
  }, [service])

  const value = load.value
  const range = value?.range ?? shown
  const chosen = value?.kinds.find(one => one.kind === kind) ?? value?.kinds[0]
  return (
    <main id="main" class="page figures-page">
      <div class="figures-head">
        <h1>
          <span class="dot large" style={{ background: serviceColour(service) }} />
          {service}
        </h1>
        <span class="head-links">
          <Link href={mapAround(service, shown)}>On the map</Link>
          <Link href={traces(service, range)}>Traces</Link>
        </span>
        {value && value.kinds.length > 1 && (
          <label class="field">
            <span>Spans</span>
            <select value={chosen!.kind} onChange={event => setKind(event.currentTarget.value)}>
              {value.kinds.map(one => (
                <option key={one.kind} value={one.kind}>
                  {KIND_WORDS[one.kind] ?? one.kind}
                </option>
              ))}
            </select>
          </label>
        )}
        <RangePicker
          key={key}
          range={shown}
          onChoose={next => go(urlOf(`/services/${encodeURIComponent(service)}`, rangeParameters(next)))}
        />
      </div>
      {value && <StaleStrip failure={load.failure} slow={load.slow} />}
      {value && value.reasons.length > 0 && <GapsStrip reasons={value.reasons} />}
      {value === undefined ? (
        load.failure ? (
          <FailureNotice failure={load.failure} />
        ) : (
          <Loading what="the service" />
        )
      ) : chosen === undefined ? (
        <Notice title="Nothing was counted of this service in this time.">
          Look further back, or at <Link href={urlOf('/services', rangeParameters(shown))}>all services</Link>.
        </Notice>
      ) : (
        <>
          <Charts service={service} range={range} of={chosen} />
          <Operations service={service} range={range} operations={value.operations} />
          <div class="panels">
            <Neighbours title="Called by" links={value.links.filter(link => link.callee === service)} of={link => link.caller} range={range} />
            <Neighbours title="Calls" links={value.links.filter(link => link.caller === service)} of={link => link.callee} range={range} />
          </div>
        </>
      )}
    </main>
  )
}

const KIND_WORDS: Record<string, string> = {
  server: 'Requests answered (server)',
  consumer: 'Messages taken (consumer)',
  producer: 'Messages sent (producer)',
  client: 'Requests made (client)',
  internal: 'Work inside (internal)',
  unspecified: 'Of no kind',
}

function Charts({ service, range, of }: { service: string; range: TimeRange; of: OverTime }) {
  const seconds = of.step / 1_000
  const minute = (from: number) => Math.max(from, range.start)
  const interval = (from: number, to: number) => ({ start: minute(from), end: Math.min(to, range.end) })
  const open = (more: Record<string, string | undefined>) => (from: number, to: number) =>
    go(traces(service, interval(from, to), more))
  // The bounds that the figures are of: whole intervals.
  const start = of.times[0] ?? range.start
  const end = Math.max(start + of.step, (of.times.at(-1) ?? range.end) + of.step)
  const common = { start, end, times: of.times, step: of.step }
  const { total } = of
  return (
    <>
      <dl class="tiles">
        <Tile name="Requests" value={formatRate((total.calls * 1_000) / (range.end - range.start))} note={`${formatCount(total.calls)} in all`} />
        <Tile
          name="Errors"
          value={formatShare(shareOf(total.errors, total.calls) ?? 0)}
          note={`${formatCount(total.errors)} in all`}
          bad={healthOf(total) === 'bad'}
        />
        <Tile name="p50" value={latency(largest(of, 'p50'))} note="the busiest interval" />
        <Tile name="p95" value={latency(largest(of, 'p95'))} note="the busiest interval" />
        <Tile name="p99" value={latency(largest(of, 'p99'))} note="the busiest interval" />
      </dl>
      <div class="panels three">
        <section class="panel">
          <Chart
            {...common}
            title="Requests"
            series={[{ label: 'requests', colour: 'var(--accent)', area: true, values: of.points.map(point => (point?.calls ?? 0) / seconds) }]}
            format={formatRate}
            onOpen={open({})}
            opens="traces"
          />
        </section>
        <section class="panel">
          <Chart
            {...common}
            title="Errors"
            series={[{ label: 'failed', colour: 'var(--error)', area: true, values: of.points.map(point => (point ? shareOf(point.errors, point.calls) : undefined)) }]}
            format={formatShare}
            onOpen={open({ status: 'error' })}
            opens="traces with errors"
          />
        </section>
        <section class="panel wide-panel">
          <Chart
            {...common}
            title="Latency"
            series={[
              { label: 'p50', colour: 'var(--s2)', values: of.points.map(point => point?.p50) },
              { label: 'p95', colour: 'var(--s1)', dash: '6 3', values: of.points.map(point => point?.p95) },
              { label: 'p99', colour: 'var(--s3)', dash: '2 3', values: of.points.map(point => point?.p99) },
            ]}
            format={value => (value === 0 ? '0' : formatDuration(value))}
            onOpen={(from, to) => {
              const p95 = of.points[of.times.indexOf(from)]?.p95
              go(traces(service, interval(from, to), { minDuration: p95 === undefined ? undefined : atLeast(p95) }))
            }}
            opens="the slowest traces"
          />
        </section>
      </div>
      <details class="panel">
        <summary>The same as a table</summary>
        <SortedTable
          caption="Figures by interval"
          rows={of.times.flatMap((time, i) => (of.points[i] ? [{ time, figures: of.points[i]! }] : []))}
          keyOf={row => String(row.time)}
          first={{ column: 0, down: true }}
          columns={[
            {
              label: 'Interval from',
              head: true,
              by: row => row.time,
              cell: row => <Link href={traces(service, interval(row.time, row.time + of.step))}>{formatTime(row.time * 1_000).slice(0, 16)}</Link>,
            },
            { label: 'Requests', number: true, by: row => row.figures.calls, cell: row => formatRate(row.figures.calls / seconds) },
            { label: 'Errors', number: true, by: row => row.figures.errors / row.figures.calls, cell: row => formatShare(shareOf(row.figures.errors, row.figures.calls)) },
            ...(['p50', 'p95', 'p99'] as const).map(name => ({
              label: name,
              number: true,
              by: (row: { figures: Figures }) => row.figures[name],
              cell: (row: { figures: Figures }) => latency(row.figures[name]),
            })),
          ]}
        />
      </details>
    </>
  )
}

/** Percentiles of several intervals cannot be added up: that of the one with the most requests is shown. */
function largest(of: OverTime, name: 'p50' | 'p95' | 'p99'): number | undefined {
  return of.total[name]
}

function latency(micros: number | undefined): string {
  return micros === undefined ? '–' : formatDuration(micros)
}

function Tile({ name, value, note, bad }: { name: string; value: string; note: string; bad?: boolean }) {
  return (
    <div class={bad ? 'tile bad' : 'tile'}>
      <dt>{name}</dt>
      <dd>
        {value} <small>{note}</small>
      </dd>
    </div>
  )
}

function Operations({ service, range, operations }: { service: string; range: TimeRange; operations: OperationTotal[] }) {
  const seconds = (range.end - range.start) / 1_000
  return (
    <section class="panel">
      <h2>Operations ({operations.length})</h2>
      <SortedTable
        caption={`Operations of ${service}`}
        rows={operations}
        keyOf={row => `${row.operation}\n${row.kind}`}
        first={{ column: 2, down: true }}
        most={50}
        columns={[
          {
            label: 'Operation',
            head: true,
            by: row => row.operation,
            cell: row => <Link href={traces(service, range, { operation: row.operation })}>{row.operation}</Link>,
          },
          { label: 'Kind', by: row => row.kind },
          { label: 'Rate', number: true, by: row => row.calls, cell: row => formatRate(row.calls / seconds) },
          {
            label: 'Errors',
            number: true,
            by: row => shareOf(row.errors, row.calls) ?? 0,
            cell: row =>
              row.errors > 0 ? (
                <Link href={errorTraces(service, range, row.operation)} class={healthClass(row)}>
                  {formatShare(shareOf(row.errors, row.calls))}
                </Link>
              ) : (
                '0 %'
              ),
          },
          ...(['p50', 'p95', 'p99'] as const).map(name => ({
            label: name,
            number: true,
            by: (row: OperationTotal) => row[name],
            cell: (row: OperationTotal) =>
              name === 'p50' || row[name] === undefined ? (
                latency(row[name])
              ) : (
                <Link
                  href={traces(service, range, { operation: row.operation, minDuration: atLeast(row[name]) })}
                  aria-label={`Traces with ${row.operation} of ${latency(row[name])} and more`}
                >
                  {latency(row[name])}
                </Link>
              ),
          })),
        ]}
      />
    </section>
  )
}

interface NeighboursProps {
  title: string
  links: ServiceLink[]
  of: (link: ServiceLink) => string
  range: TimeRange
}

function Neighbours({ title, links, of, range }: NeighboursProps) {
  const seconds = (range.end - range.start) / 1_000
  return (
    <section class="panel">
      <h2>
        {title} ({links.length})
      </h2>
      <SortedTable
        caption={title}
        rows={links}
        keyOf={link => `${of(link)}\n${link.connections.join()}`}
        first={{ column: 2, down: true }}
        most={20}
        empty="Nobody that is known."
        columns={[
          {
            label: 'Service',
            head: true,
            by: of,
            cell: link =>
              link.connections.includes('plain') ? <Link href={servicePage(of(link), range)}>{of(link)}</Link> : of(link),
          },
          { label: 'Connection', by: link => link.connections.join(', ') },
          { label: 'Rate', number: true, by: link => link.calls, cell: link => formatRate(link.calls / seconds) },
          {
            label: 'Errors',
            number: true,
            by: link => shareOf(link.errors, link.calls) ?? 0,
            cell: link => (
              <span class={healthClass(link)}>{formatShare(shareOf(link.errors, link.calls) ?? 0)}</span>
            ),
          },
          { label: 'p95', number: true, by: link => link.p95, cell: link => latency(link.p95) },
        ]}
      />
    </section>
  )
}
