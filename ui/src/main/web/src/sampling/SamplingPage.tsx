import { useEffect } from 'preact/hooks'
import { getJson } from '../api'
import { FailureNotice, Loading, Notice, StaleStrip } from '../components/Notice'
import { SortedTable } from '../figures/SortedTable'
import { formatBytes, formatCount, formatExact, formatShare, shareOf } from '../figures/words'
import { formatDuration } from '../format'
import { fetchFeatures } from '../features'
import { useLoad } from '../load'
import type { Route } from '../router'
import { DecisionLookup } from './DecisionLookup'
import { ruleRows, totals, type RuleRow, type SamplingPicture } from './sampling'
import '../figures/figures.css'
import './sampling.css'

const LOOK_EVERY_MS = 10_000

/** The policy in force, what each of its rules keeps, and why a trace was kept or dropped. */
export default function SamplingPage({ route }: { route: Route }) {
  const load = useLoad(
    0,
    async signal => {
      if (!(await fetchFeatures(signal)).decisions) return { picture: undefined }
      return { picture: await getJson<SamplingPicture>('/v1/sampling', signal) }
    },
    { every: LOOK_EVERY_MS },
  )
  useEffect(() => {
    document.title = 'Sampling – Millrace'
  }, [])

  const value = load.value
  return (
    <main id="main" class="page figures-page">
      <div class="figures-head">
        <h1>Sampling</h1>
      </div>
      {value && <StaleStrip failure={load.failure} slow={load.slow} />}
      {value === undefined ? (
        load.failure ? (
          <FailureNotice failure={load.failure} />
        ) : (
          <Loading what="the policy" />
        )
      ) : value.picture === undefined ? (
        <Notice title="There is no policy here.">Decisions are on record in Kafka, and this server works without it.</Notice>
      ) : (
        <Content picture={value.picture} />
      )}
      <DecisionLookup asked={route.parameters.get('trace') ?? ''} />
    </main>
  )
}

function Content({ picture }: { picture: SamplingPicture }) {
  const rows = ruleRows(picture)
  const { kept, dropped } = totals(picture)
  const traces = kept.traces + dropped.traces
  const spans = kept.spans + dropped.spans
  const { budget } = picture
  const limited = budget.spansPerSecond > 0 || budget.bytesPerSecond > 0
  return (
    <>
      <dl class="tiles">
        <div class="tile">
          <dt>Traces kept</dt>
          <dd>
            {formatShare(shareOf(kept.traces, traces))}{' '}
            <small>
              {formatCount(kept.traces)} of {formatCount(traces)}
            </small>
          </dd>
        </div>
        <div class="tile">
          <dt>Spans kept</dt>
          <dd>
            {formatShare(shareOf(kept.spans, spans))}{' '}
            <small>
              {formatCount(kept.spans)} of {formatCount(spans)}
            </small>
          </dd>
        </div>
        <div class="tile">
          <dt>Failed spans kept</dt>
          <dd>
            {formatShare(shareOf(kept.errors, kept.errors + dropped.errors))}{' '}
            <small>
              {formatCount(kept.errors)} of {formatCount(kept.errors + dropped.errors)}
            </small>
          </dd>
        </div>
        <div class="tile">
          <dt>Bytes kept</dt>
          <dd>
            {formatShare(shareOf(kept.bytes, kept.bytes + dropped.bytes))} <small>{formatBytes(kept.bytes)}</small>
          </dd>
        </div>
        <div class={picture.loadFactor < 1 ? 'tile bad' : 'tile'}>
          <dt>Load factor</dt>
          <dd>
            {formatShare(picture.loadFactor)}{' '}
            <small>{picture.loadFactor < 1 ? 'aggregators are busy: chances are lowered' : 'nothing is lowered'}</small>
          </dd>
        </div>
      </dl>
      <section class="panel">
        <div class="panel-head">
          <h2>Rules in force</h2>
          <span class="panel-note">
            version {formatExact(picture.version)}; of several rules that hold{' '}
            {picture.choice === 'first' ? 'the one that stands first decides' : 'the one that keeps the most decides'}. What no rule holds
            for is dropped. Counted from <time dateTime={picture.counted.since}>{clock(picture.counted.since)}</time> to{' '}
            <time dateTime={picture.counted.until}>{clock(picture.counted.until)}</time>
            {picture.counted.whole ? '.' : '; not all verdicts could be read.'}
          </span>
        </div>
        <RuleTable rows={rows} all={traces} />
      </section>
      <div class="panels">
        <div class="stack">
        <section class="panel">
          <h2>The policy</h2>
          <p class="panel-note">As the aggregators took it from sampling.tail. A change of the file holds from the next version on.</p>
          <pre class="policy" tabIndex={0}>
            <code>{picture.policy}</code>
          </pre>
        </section>
        {picture.slow.length > 0 && (
          <section class="panel">
            <div class="panel-head">
              <h2>From when on a trace is slow</h2>
              <span class="panel-note">
                {picture.slowInAll > picture.slow.length && `the slowest ${picture.slow.length} of ${formatExact(picture.slowInAll)}`}
              </span>
            </div>
            <SortedTable
              caption="Bounds of slow traces by root operation"
              rows={picture.slow}
              keyOf={row => `${row.tenant}\n${row.service}\n${row.operation}\n${row.percentile}`}
              first={{ column: 3, down: true }}
              most={12}
              columns={[
                { label: 'Service', head: true, by: row => row.service },
                { label: 'Root operation', by: row => row.operation },
                { label: 'Percentile', number: true, by: row => row.percentile, cell: row => `p${row.percentile}` },
                {
                  label: 'Slow from',
                  number: true,
                  by: row => Number(row.durationNanos),
                  cell: row => formatDuration(Number(row.durationNanos) / 1_000),
                },
              ]}
            />
          </section>
        )}
        </div>
        <div class="stack">
        <section class="panel">
          <h2>Budget</h2>
          {limited ? (
            <>
              <p>
                At most {budget.spansPerSecond > 0 && `${formatExact(budget.spansPerSecond)} spans a second`}
                {budget.spansPerSecond > 0 && budget.bytesPerSecond > 0 && ' and '}
                {budget.bytesPerSecond > 0 && `${formatBytes(budget.bytesPerSecond)} a second`} are stored.
              </p>
              <p class="panel-note">
                It leaves {formatShare(budget.certainShare)} of what rules keep for certain, and {formatShare(budget.othersShare)} of
                operations that are not listed.
              </p>
              {budget.operations.length > 0 && (
                <SortedTable
                  caption="Operations that the budget limits"
                  rows={budget.operations}
                  keyOf={row => `${row.tenant}\n${row.service}\n${row.operation}`}
                  first={{ column: 2, down: false }}
                  most={10}
                  columns={[
                    { label: 'Service', head: true, by: row => row.service },
                    { label: 'Operation', by: row => row.operation },
                    { label: 'Left', number: true, by: row => row.share, cell: row => formatShare(row.share) },
                  ]}
                />
              )}
            </>
          ) : (
            <p class="panel-note">None: as much is stored as the rules keep.</p>
          )}
        </section>
        <section class="panel">
          <h2>Not offered yet</h2>
          <p class="panel-note">
            This server cannot try a changed policy on past traffic, and cannot bring back a trace that was dropped. Spans of a dropped trace
            stay in the topic of spans until its retention is over; when one of its late spans fails, the aggregator brings it back by itself.
          </p>
        </section>
        </div>
      </div>
    </>
  )
}

function RuleTable({ rows, all }: { rows: RuleRow[]; all: number }) {
  return (
    <div class="sorted">
      <table class="figures-table rules">
        <caption class="unseen">Rules, in their order, and what each keeps</caption>
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col">Holds when</th>
            <th scope="col" class="number">
              Keeps
            </th>
            <th scope="col" class="number">
              Traces kept
            </th>
            <th scope="col" class="number">
              Of all
            </th>
            <th scope="col" class="number">
              Spans kept
            </th>
            <th scope="col" class="number">
              Bytes kept
            </th>
            <th scope="col" class="number">
              Traces dropped
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(row => (
            <tr key={row.name}>
              <th scope="row">
                <b>{row.name}</b>
              </th>
              <td>{row.when ?? <span class="quiet">no rule of the policy in force</span>}</td>
              <td class="number">{formatShare(row.keep)}</td>
              <td class="number">{formatCount(row.kept.traces)}</td>
              <td class="number">
                <span class="share-bar" aria-hidden="true">
                  <i style={{ width: `${100 * (shareOf(row.kept.traces, all) ?? 0)}%` }} />
                </span>
                {formatShare(shareOf(row.kept.traces, all))}
              </td>
              <td class="number">{formatCount(row.kept.spans)}</td>
              <td class="number">{formatBytes(row.kept.bytes)}</td>
              <td class="number">{formatCount(row.dropped.traces)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function clock(time: string): string {
  return new Date(time).toLocaleTimeString()
}
