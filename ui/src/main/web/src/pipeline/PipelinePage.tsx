import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { getJson } from '../api'
import { FailureNotice, GapsStrip, Loading, StaleStrip } from '../components/Notice'
import { SortedTable } from '../figures/SortedTable'
import { formatBytes, formatCount, formatExact, formatRate, formatShare, shareOf } from '../figures/words'
import { formatDuration } from '../format'
import { useLoad } from '../load'
import type { Route } from '../router'
import { AuditPanel, type AuditReport } from './AuditPanel'
import { findings, type Finding } from './findings'
import { LagBars } from './LagBars'
import { lagOf, Reading, remember, rolesOf, type GroupState, type Picture, type Role, type TopicState } from './picture'
import '../figures/figures.css'
import './pipeline.css'

const LOOK_EVERY_MS = 2_000
/** Rates are taken over as long as this. */
const COMPARED_MS = 12_000

/** The roles and topics at work, and what is wrong with them. */
export default function PipelinePage(_: { route: Route }) {
  const history = useRef<Picture[]>([])
  const load = useLoad(
    0,
    async signal => {
      const picture = await getJson<Picture>('/v1/pipeline', signal)
      history.current = remember(history.current, picture, COMPARED_MS)
      return new Reading(picture, history.current.length > 1 ? history.current[0] : undefined)
    },
    { every: LOOK_EVERY_MS },
  )
  const [audit, setAudit] = useState<AuditReport>()
  useEffect(() => {
    document.title = 'Pipeline – Millrace'
  }, [])

  const reading = load.value
  return (
    <main id="main" class="page figures-page pipeline">
      <div class="figures-head">
        <h1>Pipeline</h1>
        {reading && (
          <p class="panel-note">
            {load.failure ? 'As it was at ' : 'Live; last looked at '}
            <time dateTime={reading.now.time}>{new Date(reading.now.time).toLocaleTimeString()}</time>
          </p>
        )}
      </div>
      {reading && <StaleStrip failure={load.failure} slow={load.slow} />}
      {reading && reading.now.reasons && <GapsStrip reasons={reading.now.reasons} />}
      {reading === undefined ? (
        load.failure ? (
          <FailureNotice failure={load.failure} />
        ) : (
          <Loading what="the pipeline" />
        )
      ) : (
        <Content reading={reading} audit={audit} onAudit={setAudit} />
      )}
    </main>
  )
}

interface ContentProps {
  reading: Reading
  audit: AuditReport | undefined
  onAudit: (report: AuditReport | undefined) => void
}

function Content({ reading, audit, onAudit }: ContentProps) {
  const found = findings(reading)
  if (audit && !audit.closes) {
    found.unshift({
      tone: 'bad',
      about: 'audit',
      what: 'The books do not close: spans were lost or doubled.',
      todo: 'The balance below says on which way, and when.',
    })
  }
  return (
    <>
      <Findings found={found} />
      <Flow reading={reading} found={found} />
      <div class="panels">
        <div class="stack">
          <Lags groups={reading.now.groups} direct={reading.now.mode === 'direct'} />
          <Topics topics={reading.now.topics} />
          {reading.now.mode === 'streaming' && <AuditPanel report={audit} onReport={onAudit} />}
        </div>
        <div class="stack">
          <Verdicts reading={reading} />
          <Rejected reading={reading} />
          <Latencies reading={reading} />
        </div>
      </div>
      <Processes reading={reading} />
    </>
  )
}

function Findings({ found }: { found: Finding[] }) {
  if (found.length === 0) {
    return (
      <p class="strip good" role="status">
        Nothing is wrong as far as can be seen from here.
      </p>
    )
  }
  return (
    <div role="status">
      <ul class="findings" aria-label="What is wrong">
        {found.map(one => (
          <li key={`${one.about} ${one.what}`} class={one.tone}>
            <b>{one.what}</b> <span>{one.todo}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}

function Flow({ reading, found }: { reading: Reading; found: Finding[] }) {
  const { now } = reading
  const toneOf = (about: string) => found.find(one => one.about === about)?.tone
  const topic = (what: string) => now.topics.find(one => one.what === what)
  const group = (role: GroupState['role']) => now.groups.find(one => one.role === role)
  const onTopics = group('store') !== undefined
  const direct = now.mode === 'direct'
  const kept = reading.perSecond('millrace_sampling_tail_spans_total', { verdict: 'kept' })
  const dropped = reading.perSecond('millrace_sampling_tail_spans_total', { verdict: 'dropped' })
  const cache = cacheOf(reading, 'trace')
  return (
    <ol class="flow" aria-label="The way of a span">
      <Box name="Collector" tone={toneOf('collector')} role="collector" reading={reading}>
        <Fact name="takes" value={formatRate(reading.perSecond('millrace_spans_received_total'))} unit="spans" main />
        <Fact name="in all" value={formatCount(reading.value('millrace_spans_received_total'))} />
        <Fact name="rejects" value={formatRate(sumRate(reading, 'millrace_spans_rejected_total', 'millrace_spans_received_total'))} />
        <Fact name="head drops" value={formatRate(sumRate(reading, 'millrace_spans_sampled_out_total', 'millrace_spans_received_total'))} />
        <Fact name="waiting" value={formatBytes(reading.value('millrace_collector_inflight_bytes'))} />
      </Box>
      {!direct && <TopicBox topic={topic('spans')} group={group('aggregator')} tone={undefined} />}
      <Box name={direct ? 'Assembly' : 'Aggregator'} tone={toneOf('aggregator')} role="aggregator" reading={reading} group={group('aggregator')}>
        <Fact name="pending" value={formatCount(reading.value('millrace_aggregator_open_traces'))} unit="traces" main />
        <Fact name="held" value={formatBytes(reading.value('millrace_aggregator_open_bytes'))} />
        <Fact name="traces done" value={formatRate(reading.perSecond('millrace_aggregator_traces_completed_total'))} />
        <Fact name="keeps spans" value={formatRate(kept)} />
        <Fact name="drops spans" value={formatRate(kept === undefined ? undefined : (dropped ?? 0))} />
        <Fact name="commit" value={took(reading, 'millrace_aggregator_commit')} />
      </Box>
      {!direct && <TopicBox topic={topic('traces-complete')} group={group(onTopics ? 'store' : 'ingester')} tone={undefined} />}
      {!onTopics && (
        <Box name="Ingester" tone={toneOf('ingester') ?? toneOf('figures')} role="ingester" reading={reading} group={group('ingester')}>
          <Fact name="stores" value={formatRate(reading.perSecond('millrace_spans_stored_total'))} unit="spans" main />
          <Fact name="in all" value={formatCount(reading.value('millrace_spans_stored_total'))} />
          <Fact name="writing" value={formatBytes(reading.value('millrace_ingester_inflight_bytes'))} />
          <Fact name="a batch" value={took(reading, 'millrace_store_write_latency')} />
        </Box>
      )}
      <li class={`flow-box store ${toneOf('store') ?? ''}`}>
        <h2>Store</h2>
        <dl>
          <Fact name="search" value={took(reading, 'millrace_store_search')} main />
          <Fact name="trace" value={took(reading, 'millrace_store_trace')} />
          <Fact name="write" value={took(reading, 'millrace_store_write')} />
          <Fact name="size" value={formatBytes(reading.value('millrace_store_bytes'))} />
        </dl>
      </li>
      <Box name="Query" tone={toneOf('query')} role="query" reading={reading}>
        <Fact name="answers" value={formatRate(reading.perSecond('millrace_query_latency_seconds_count'))} main />
        <Fact name="at work" value={formatCount(reading.value('millrace_query_running'))} />
        <Fact name="cached" value={cache === undefined ? '–' : formatShare(cache)} />
        <Fact name="takes" value={took(reading, 'millrace_query_latency')} />
      </Box>
    </ol>
  )
}

interface BoxProps {
  name: string
  role: Role
  reading: Reading
  group?: GroupState | undefined
  tone: Finding['tone'] | undefined
  children: ComponentChildren
}

function Box({ name, role, reading, group, tone, children }: BoxProps) {
  const known = reading.processes(role)
  const members = group?.members
  return (
    <li class={`flow-box ${tone ?? ''}`}>
      <h2>
        {name}
        {tone && <span class="unseen">, {tone === 'bad' ? 'something is wrong' : 'to be looked at'}</span>}
      </h2>
      {known === 0 ? (
        <p class="flow-unknown">
          {members !== undefined && members > 0
            ? `Runs (${members} in its group), but its figures are not known: name its metrics in query.processes.`
            : 'Its figures are not known: it runs in no process that is looked at.'}
        </p>
      ) : (
        <dl>{children}</dl>
      )}
      {known > 1 && <p class="flow-note">{known} processes</p>}
    </li>
  )
}

function Fact({ name, value, unit, main }: { name: string; value: string; unit?: string; main?: boolean }) {
  return (
    <div class={main ? 'fact main' : 'fact'}>
      <dt>{name}</dt>
      <dd>
        {value}
        {unit && value !== '–' && <small> {unit}</small>}
      </dd>
    </div>
  )
}

function TopicBox({ topic, group, tone }: { topic: TopicState | undefined; group: GroupState | undefined; tone: string | undefined }) {
  const lag = group && lagOf(group)
  return (
    <li class={`flow-topic ${tone ?? ''}`}>
      <h2 class="mono">{topic?.name ?? 'not known'}</h2>
      <dl>
        <Fact name="grows" value={formatRate(topic?.perSecond)} />
        <Fact name="partitions" value={topic ? String(topic.partitions) : '–'} />
        <Fact name="lag" value={lag ? formatCount(lag.records) : '–'} unit={lag && lag.seconds > 0 ? `· ${formatDuration(lag.seconds * 1e6)}` : 'records'} />
      </dl>
    </li>
  )
}

/** The rate of all of a counter; 0 where nothing was ever counted by a role that is known to count it. */
function sumRate(reading: Reading, name: string, sign: string): number | undefined {
  return reading.perSecond(name) ?? (reading.perSecond(sign) === undefined ? undefined : 0)
}

function took(reading: Reading, timer: string): string {
  const mean = reading.mean(timer)
  return mean === undefined ? '–' : formatDuration(mean.micros)
}

const FROM_CACHE = ['hit', 'checked', 'joined']

/** Which share of questions the cache has answered since the start. */
function cacheOf(reading: Reading, kind: string): number | undefined {
  const outcomes = reading.by('millrace_cache_questions_total', 'outcome', { kind })
  const all = outcomes.reduce((sum, one) => sum + one.total, 0)
  const hits = outcomes.filter(one => FROM_CACHE.includes(one.value)).reduce((sum, one) => sum + one.total, 0)
  return shareOf(hits, all)
}

const GROUP_WORDS: Record<GroupState['role'], string> = {
  aggregator: 'Aggregator, in',
  ingester: 'Ingester, in',
  figures: 'Figures of services, in',
  store: 'Store, in',
}

function Lags({ groups, direct }: { groups: GroupState[]; direct: boolean }) {
  return (
    <section class="panel">
      <h2>Lag per partition</h2>
      {groups.length === 0 && (
        <p class="panel-note">{direct ? 'In direct mode there is no log, so there is no lag.' : 'Not known: Kafka does not tell.'}</p>
      )}
      {groups.map(group => {
        const lag = lagOf(group)
        return (
          <div key={`${group.group} ${group.topic}`} class="lag">
            <p class="lag-head">
              <span>
                {GROUP_WORDS[group.role]} <span class="mono">{group.topic}</span>
              </span>
              <span>
                {formatExact(lag.records)} records
                {lag.seconds > 0 && <>, the oldest {formatDuration(lag.seconds * 1e6)} old</>} ·{' '}
                {group.members === 0 ? <b class="is-bad">no member</b> : `${group.members} ${group.members === 1 ? 'member' : 'members'}`} ·{' '}
                {group.state}
              </span>
            </p>
            <LagBars group={group} />
          </div>
        )
      })}
    </section>
  )
}

function Verdicts({ reading }: { reading: Reading }) {
  const rows = [
    ...reading.by('millrace_sampling_tail_spans_total', 'rule', { verdict: 'kept' }).map(row => ({ ...row, verdict: 'kept' })),
    ...reading.by('millrace_sampling_tail_spans_total', 'rule', { verdict: 'dropped' }).map(row => ({ ...row, verdict: 'dropped' })),
    ...reading.by('millrace_spans_sampled_out_total', 'reason').map(row => ({ ...row, value: `head: ${row.value}`, verdict: 'dropped' })),
  ]
  const all = rows.reduce((sum, row) => sum + row.total, 0)
  const known = reading.processes('aggregator') + reading.processes('collector') > 0
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>Kept and dropped, by rule</h2>
        <span class="panel-note">spans, since the processes began</span>
      </div>
      <SortedTable
        caption="Spans kept and dropped, by rule"
        rows={rows}
        keyOf={row => `${row.verdict} ${row.value}`}
        first={{ column: 3, down: true }}
        most={20}
        empty={known ? 'No trace is complete yet.' : 'Not known: no aggregator is looked at.'}
        columns={[
          { label: 'Rule', head: true, by: row => row.value },
          { label: 'Verdict', by: row => row.verdict, cell: row => <span class={row.verdict === 'kept' ? 'is-good' : 'quiet'}>{row.verdict}</span> },
          { label: 'Rate', number: true, by: row => row.perSecond, cell: row => formatRate(row.perSecond) },
          { label: 'Spans', number: true, by: row => row.total, cell: row => formatCount(row.total) },
          { label: 'Share', number: true, by: row => row.total, cell: row => formatShare(shareOf(row.total, all)) },
        ]}
      />
    </section>
  )
}

function Rejected({ reading }: { reading: Reading }) {
  const rows = [
    ...reading.by('millrace_spans_rejected_total', 'reason').map(row => ({ ...row, where: 'collector' })),
    ...reading.by('millrace_dead_letters_total', 'reason').map(row => ({ ...row, where: 'ingester, put aside' })),
    ...reading.by('millrace_access_denied_total', 'reason').map(row => ({ ...row, where: 'at the door' })),
  ].filter(row => row.total > 0)
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>Rejected, by reason</h2>
        <span class="panel-note">since the processes began</span>
      </div>
      <SortedTable
        caption="Rejected, by reason"
        rows={rows}
        keyOf={row => `${row.where} ${row.value}`}
        first={{ column: 3, down: true }}
        most={20}
        empty={reading.processes('collector') > 0 ? 'Nothing was rejected.' : 'Not known: no collector is looked at.'}
        columns={[
          { label: 'Reason', head: true, by: row => row.value.replaceAll('_', ' ') },
          { label: 'Where', by: row => row.where },
          { label: 'Rate', number: true, by: row => row.perSecond, cell: row => formatRate(row.perSecond) },
          { label: 'In all', number: true, by: row => row.total, cell: row => formatCount(row.total) },
        ]}
      />
    </section>
  )
}

const TIMERS: [string, string][] = [
  ['Store: a search', 'millrace_store_search'],
  ['Store: a trace by its id', 'millrace_store_trace'],
  ['Store: has a trace grown?', 'millrace_store_version'],
  ['Store: a write', 'millrace_store_write'],
  ['Ingester: a batch, with waiting', 'millrace_store_write_latency'],
  ['Ingester: figures of services', 'millrace_dependencies_write_latency'],
  ['Collector: a request', 'millrace_collector_latency'],
  ['Collector: until Kafka has it', 'millrace_produce_latency'],
  ['Aggregator: a commit', 'millrace_aggregator_commit'],
]

function Latencies({ reading }: { reading: Reading }) {
  const timers = TIMERS.map(([label, name]) => ({
    label,
    mean: reading.mean(name),
    rate: reading.perSecond(`${name}_seconds_count`),
  })).filter(row => row.mean !== undefined)
  const kinds = reading
    .by('millrace_cache_questions_total', 'kind')
    .filter(row => row.total > 0)
    .map(row => row.value)
    .sort()
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>How long things take</h2>
        <span class="panel-note">on average, lately; <i>in italics</i> since the start, where nothing happened lately</span>
      </div>
      <SortedTable
        caption="Average times"
        rows={timers}
        keyOf={row => row.label}
        first={{ column: 0, down: false }}
        empty="Not known: no process is looked at."
        columns={[
          { label: 'What', head: true, by: row => row.label },
          { label: 'Rate', number: true, by: row => row.rate, cell: row => formatRate(row.rate) },
          {
            label: 'Takes',
            number: true,
            by: row => row.mean!.micros,
            cell: row => (row.mean!.lately ? formatDuration(row.mean!.micros) : <i class="quiet">{formatDuration(row.mean!.micros)}</i>),
          },
        ]}
      />
      <h3 class="panel-sub">From the cache</h3>
      {kinds.length === 0 ? (
        <p class="panel-note">Nothing was asked yet, or caches are switched off.</p>
      ) : (
        <dl class="cache-list">
          {kinds.map(kind => {
            const outcomes = reading.by('millrace_cache_questions_total', 'outcome', { kind })
            const all = outcomes.reduce((sum, one) => sum + one.total, 0)
            return (
              <div key={kind}>
                <dt>{kind}</dt>
                <dd>
                  {formatShare(cacheOf(reading, kind))} <small>of {formatCount(all)}</small>
                </dd>
              </div>
            )
          })}
        </dl>
      )}
    </section>
  )
}

function Topics({ topics }: { topics: TopicState[] }) {
  if (topics.length === 0) return undefined
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>Topics</h2>
        <span class="panel-note">offsets, the marks of transactions among them</span>
      </div>
      <SortedTable
        caption="Topics"
        rows={topics}
        keyOf={row => row.name}
        first={{ column: 2, down: true }}
        columns={[
          { label: 'Topic', head: true, by: row => row.name, cell: row => <span class="mono">{row.name}</span> },
          { label: 'Partitions', number: true, by: row => row.partitions },
          { label: 'Last minute', number: true, by: row => row.perSecond, cell: row => formatRate(row.perSecond) },
          { label: 'Kept', number: true, by: row => row.offsets, cell: row => formatCount(row.offsets) },
        ]}
      />
    </section>
  )
}

function Processes({ reading }: { reading: Reading }) {
  const rows = reading.now.processes.map(process => {
    const value = (name: string, labels: Record<string, string> = {}) =>
      process.figures
        .filter(figure => figure.name === name && Object.entries(labels).every(([label, wanted]) => figure.labels[label] === wanted))
        .reduce<number | undefined>((sum, figure) => (sum ?? 0) + figure.value, undefined)
    return {
      process,
      roles: rolesOf(process),
      version: process.figures.find(figure => figure.name === 'millrace_info')?.labels['version'],
      cpu: value('process_cpu_usage'),
      heap: value('jvm_memory_used_bytes', { area: 'heap' }),
      uptime: value('process_uptime_seconds'),
    }
  })
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>Processes</h2>
        <span class="panel-note">Only those that are looked at: the one that answers this page, and those that query.processes names.</span>
      </div>
      <SortedTable
        caption="Processes"
        rows={rows}
        keyOf={row => row.process.name}
        first={{ column: 0, down: false }}
        mark={row => (row.process.problem ? 'bad' : undefined)}
        columns={[
          { label: 'Process', head: true, by: row => row.process.name },
          { label: 'Roles', by: row => row.roles.join(', '), cell: row => row.process.problem ?? row.roles.join(', ') },
          { label: 'Version', by: row => row.version ?? '–' },
          { label: 'CPU', number: true, by: row => row.cpu, cell: row => formatShare(row.cpu) },
          { label: 'Heap', number: true, by: row => row.heap, cell: row => formatBytes(row.heap) },
          {
            label: 'Up for',
            number: true,
            by: row => row.uptime,
            cell: row => (row.uptime === undefined ? '–' : formatDuration(Math.round(row.uptime) * 1e6)),
          },
        ]}
      />
    </section>
  )
}
