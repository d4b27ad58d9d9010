import { boundsOf, LOOKBACKS, type QueryTime } from './query'
import { Field } from './SearchForm'

interface TimeFieldProps {
  time: QueryTime
  onChange: (time: QueryTime) => void
}

const CUSTOM = 'custom'

/** The last so much of time, or a begin and an end in local time. */
export function TimeField({ time, onChange }: TimeFieldProps) {
  const absolute = 'start' in time ? time : undefined
  const known = 'lookback' in time && !LOOKBACKS.some(choice => choice.value === time.lookback)
  const set = (edge: 'start' | 'end') => (event: Event) => {
    const millis = Date.parse((event.currentTarget as HTMLInputElement).value)
    if (absolute && !Number.isNaN(millis)) onChange({ ...absolute, [edge]: millis * 1000 })
  }
  return (
    <>
      <Field label="Time">
        <select
          name="lookback"
          value={absolute ? CUSTOM : (time as { lookback: string }).lookback}
          onChange={event => {
            const { value } = event.currentTarget
            onChange(value === CUSTOM ? boundsOf(time, Date.now() * 1000) : { lookback: value })
          }}
        >
          {known && <option value={time.lookback}>Last {time.lookback}</option>}
          {LOOKBACKS.map(choice => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
          <option value={CUSTOM}>From … to …</option>
        </select>
      </Field>
      {absolute && (
        <>
          <Field label="From" wide>
            <input name="start" type="datetime-local" step={1} value={local(absolute.start)} onChange={set('start')} />
          </Field>
          <Field label="To" wide>
            <input name="end" type="datetime-local" step={1} value={local(absolute.end)} onChange={set('end')} />
          </Field>
        </>
      )}
    </>
  )
}

/** Local time as the input has it. */
function local(micros: number): string {
  const date = new Date(micros / 1000)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
}
