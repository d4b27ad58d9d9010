import { useEffect, useRef, useState } from 'preact/hooks'
import { getJson } from '../api'
import { formatExact } from '../figures/words'

export interface AuditReport {
  since: string
  until: string
  closes: boolean
  balances: Balance[]
  faults: { hop: string; kind: string; tenant: string; topic: string; partition: number; minute: string; copies: number }[]
  faultsInAll: number
}

interface Balance {
  tenant: string
  acknowledged: number
  unconfirmed: number
  stored: number
  sampledOut: { reason: string; copies: number }[]
  duplicate: number
  deadLettered: number
  forwarded: number
  expired: number
  unread: number
  open: number
  waiting: number
  difference: number
}

const WINDOWS = ['1m', '5m', '15m', '1h']

interface AuditPanelProps {
  report: AuditReport | undefined
  onReport: (report: AuditReport | undefined) => void
}

/** What became of every span: read from the ledger and the logs when somebody asks, for it costs more than a look. */
export function AuditPanel({ report, onReport }: AuditPanelProps) {
  const [since, setSince] = useState('5m')
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string>()
  const abort = useRef<AbortController | undefined>(undefined)
  useEffect(() => () => abort.current?.abort(), [])

  const run = async (event: SubmitEvent) => {
    event.preventDefault()
    const controller = new AbortController()
    abort.current = controller
    setBusy(true)
    setFailure(undefined)
    try {
      onReport(await getJson<AuditReport>(`/v1/audit?window=${since}`, controller.signal))
    } catch (error) {
      if (!controller.signal.aborted) setFailure(error instanceof Error ? error.message : String(error))
    }
    if (!controller.signal.aborted) setBusy(false)
  }
  return (
    <section class={report && !report.closes ? 'panel audit bad' : 'panel audit'}>
      <div class="panel-head">
        <h2>The balance</h2>
        <span class="panel-note">what became of every span, by the ledger</span>
      </div>
      <form class="audit-ask" onSubmit={run}>
        <label>
          of the last{' '}
          <select value={since} onChange={event => setSince(event.currentTarget.value)} disabled={busy}>
            {WINDOWS.map(window => (
              <option key={window} value={window}>
                {window}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" disabled={busy}>
          {busy ? 'Reading …' : report ? 'Audit again' : 'Audit'}
        </button>
        <span class="panel-note">reads the spans of that time, which costs as much as to aggregate them again</span>
      </form>
      {failure && (
        <p class="strip error" role="alert">
          {failure}
        </p>
      )}
      {report && <Report report={report} />}
    </section>
  )
}

function Report({ report }: { report: AuditReport }) {
  const reasons = [...new Set(report.balances.flatMap(balance => balance.sampledOut.map(one => one.reason)))].sort()
  const lines: [string, (balance: Balance) => number][] = [
    ['acknowledged', balance => balance.acknowledged],
    ['unconfirmed', balance => balance.unconfirmed],
    ['stored', balance => balance.stored],
    ...reasons.map(
      reason =>
        [`sampled out: ${reason}`, (balance: Balance) => balance.sampledOut.find(one => one.reason === reason)?.copies ?? 0] as [
          string,
          (balance: Balance) => number,
        ],
    ),
    ['duplicate', balance => balance.duplicate],
    ['dead-lettered', balance => balance.deadLettered],
    ['forwarded', balance => balance.forwarded],
    ['expired', balance => balance.expired],
    ['pending: unread', balance => balance.unread],
    ['pending: open traces', balance => balance.open],
    ['pending: to be stored', balance => balance.waiting],
    ['difference', balance => balance.difference],
  ]
  return (
    <div role="status">
      <p class={report.closes ? 'audit-verdict is-good' : 'audit-verdict is-bad'}>
        {report.closes ? 'The balance closes.' : 'The balance does not close.'}{' '}
        <span class="panel-note">
          {new Date(report.since).toLocaleTimeString()} to {new Date(report.until).toLocaleTimeString()}, copies of spans
        </span>
      </p>
      {report.balances.length === 0 ? (
        <p class="panel-note">No span came in.</p>
      ) : (
        <div class="sorted">
          <table class="figures-table">
            <caption class="unseen">The balance by tenant</caption>
            <thead>
              <tr>
                <th scope="col">Fate</th>
                {report.balances.map(balance => (
                  <th key={balance.tenant} scope="col" class="number">
                    {balance.tenant}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {lines.map(([name, of]) => (
                <tr key={name} class={name === 'difference' ? 'audit-difference' : undefined}>
                  <th scope="row">{name}</th>
                  {report.balances.map(balance => (
                    <td key={balance.tenant} class={name === 'difference' && of(balance) !== 0 ? 'number is-bad' : 'number'}>
                      {formatExact(of(balance))}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {report.faults.length > 0 && (
        <ul class="audit-faults">
          {report.faults.map(fault => (
            <li key={JSON.stringify(fault)} class="is-bad">
              {fault.kind} on {fault.hop}: {formatExact(fault.copies)} copies, tenant {fault.tenant}, partition {fault.partition} of {fault.topic},{' '}
              {new Date(fault.minute).toLocaleString()}
            </li>
          ))}
          {report.faultsInAll > report.faults.length && <li>… and {report.faultsInAll - report.faults.length} more</li>}
        </ul>
      )}
    </div>
  )
}
