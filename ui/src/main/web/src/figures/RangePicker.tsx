import { useState } from 'preact/hooks'
import { fromField, LONGEST, LOOKBACKS, toField, type TimeRange } from './range'

/** Chooses the time that figures are shown of. */
export function RangePicker({ range, onChoose }: { range: TimeRange; onChoose: (range: TimeRange) => void }) {
  const [open, setOpen] = useState(range.lookback === undefined)
  const [wrong, setWrong] = useState<string>()
  const choose = (value: string) => {
    if (value === '') {
      setOpen(true)
      return
    }
    setOpen(false)
    setWrong(undefined)
    const millis = LOOKBACKS.find(one => one.value === value)!.millis
    onChoose({ start: Date.now() - millis, end: Date.now(), lookback: value })
  }
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const start = fromField(String(form.get('from')))
    const end = fromField(String(form.get('to')))
    const problem =
      start === undefined || end === undefined
        ? 'Both ends are needed.'
        : start >= end
          ? 'The end is not after the start.'
          : end - start > LONGEST
            ? '31 days at most.'
            : undefined
    setWrong(problem)
    if (problem === undefined) onChoose({ start: start!, end: end!, lookback: undefined })
  }
  return (
    <div class="range">
      <label class="field">
        <span>Time</span>
        <select
          value={open ? '' : range.lookback}
          onChange={event => choose((event.currentTarget as HTMLSelectElement).value)}
        >
          {LOOKBACKS.map(one => (
            <option key={one.value} value={one.value}>
              {one.label}
            </option>
          ))}
          <option value="">From … to …</option>
        </select>
      </label>
      {open && (
        <form class="range-ends" onSubmit={submit} key={`${range.start}-${range.end}`}>
          <label class="field">
            <span>From</span>
            <input type="datetime-local" name="from" defaultValue={toField(range.start)} required />
          </label>
          <label class="field">
            <span>To</span>
            <input type="datetime-local" name="to" defaultValue={toField(range.end)} required />
          </label>
          <button type="submit">Show</button>
          {wrong && (
            <p class="range-wrong" role="alert">
              {wrong}
            </p>
          )}
        </form>
      )}
    </div>
  )
}
