import { useEffect, useMemo, useState } from 'preact/hooks'
import { serviceColour } from '../colour'
import { Loading } from '../components/Notice'
import { formatDuration, formatShare } from '../format'
import type { ScopeProps } from './FlameView'
import type { OperationStats } from './stats'

type Column = 'name' | 'count' | 'errors' | 'total' | 'self' | 'p50' | 'p99' | 'max'

const COLUMNS: readonly { column: Column; label: string }[] = [
  { column: 'name', label: 'Operation' },
  { column: 'count', label: 'Spans' },
  { column: 'errors', label: 'Errors' },
  { column: 'total', label: 'Total' },
  { column: 'self', label: 'Of its own' },
  { column: 'p50', label: 'p50' },
  { column: 'p99', label: 'p99' },
  { column: 'max', label: 'Longest' },
]

/** How the operations of the trace fared, as figures. */
export function TableView(props: ScopeProps & { onFind: (words: string) => void }) {
  const { session, scope, facts, onFind } = props
  const [byService, setByService] = useState(false)
  const [sort, setSort] = useState<{ column: Column; down: boolean }>({ column: 'self', down: true })
  const [stats, setStats] = useState<OperationStats[] | undefined>(undefined)
  useEffect(() => {
    let moot = false
    void session.ask({ ask: 'statistics', byService, from: scope.from, to: scope.to }).then(answer => {
      if (!moot) setStats(answer)
    })
    return () => {
      moot = true
    }
  }, [session, byService, scope.version, scope.from, scope.to])
  const nameOf = (row: OperationStats) => `${facts.services[row.service]} ${facts.names[row.name] ?? ''}`.trim()
  const sorted = useMemo(() => {
    const sign = sort.down ? -1 : 1
    return [...(stats ?? [])].sort((a, b) =>
      sort.column === 'name' ? sign * nameOf(a).localeCompare(nameOf(b)) : sign * (a[sort.column] - b[sort.column]),
    )
  }, [stats, sort, facts])
  if (!stats) return <div class="trace-main padded"><Loading what="the table" /></div>
  const own = stats.reduce((sum, row) => sum + row.self, 0)
  return (
    <div class="trace-main table-view">
      <div class="table-bar">
        <label class="toggle">
          <input type="checkbox" checked={byService} onChange={event => setByService(event.currentTarget.checked)} />
          By service alone
        </label>
        <span class="quiet">{stats.length > SHOWN ? `the first ${SHOWN} of ${stats.length.toLocaleString('en')}` : ''}</span>
      </div>
      <table class="figures">
        <thead>
          <tr>
            {COLUMNS.map(({ column, label }) => (
              <th
                key={column}
                scope="col"
                class={column === 'name' ? undefined : 'number'}
                aria-sort={sort.column === column ? (sort.down ? 'descending' : 'ascending') : undefined}
              >
                <button
                  type="button"
                  onClick={() => setSort({ column, down: sort.column === column ? !sort.down : column !== 'name' })}
                >
                  {column === 'name' && byService ? 'Service' : label}
                  <span class="sort" aria-hidden="true">
                    {sort.column === column ? (sort.down ? '↓' : '↑') : ''}
                  </span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, SHOWN).map(row => (
            <tr key={`${row.service} ${row.name}`}>
              <th scope="row">
                <button type="button" class="link" onClick={() => onFind(nameOf(row))} title="Find these spans">
                  <i class="dot" style={{ background: serviceColour(facts.services[row.service]!) }} />
                  <span>
                    <b>{facts.services[row.service]}</b> {facts.names[row.name]?.slice(0, 300)}
                  </span>
                </button>
              </th>
              <td class="number">{row.count.toLocaleString('en')}</td>
              <td class={row.errors > 0 ? 'number failed' : 'number quiet'}>{row.errors.toLocaleString('en')}</td>
              <td class="number">{formatDuration(row.total / 1000)}</td>
              <td class="number">
                <span class="meter" aria-hidden="true">
                  <i style={{ width: `${own > 0 ? (100 * row.self) / own : 0}%` }} />
                </span>
                <span class="own">{formatDuration(row.self / 1000)}</span> <span class="quiet share">{formatShare(row.self, own)}</span>
              </td>
              <td class="number">{formatDuration(row.p50 / 1000)}</td>
              <td class="number">{formatDuration(row.p99 / 1000)}</td>
              <td class="number">{formatDuration(row.max / 1000)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const SHOWN = 1_000
