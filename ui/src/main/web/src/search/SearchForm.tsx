import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { fetchOperations } from '../api'
import { useLoad } from '../load'
import { go, Link } from '../router'
import { AttributeFilter } from './AttributeFilter'
import { asTraceql, MAX_LIMIT, toUrl, type SearchQuery } from './query'
import { TimeField } from './TimeField'
import { describe } from './words'

interface SearchFormProps {
  query: SearchQuery
  services: string[]
  failed: boolean
}

const PHONE = '(max-width: 760px)'

export function SearchForm({ query, services, failed }: SearchFormProps) {
  const [draft, setDraft] = useState(query)
  const [open, setOpen] = useState(() => !matchMedia(PHONE).matches)
  const { service, mode } = draft
  const operations = useLoad(service, service ? signal => fetchOperations(service, signal) : undefined)

  // The back button changes the query under an open form. Not in an effect: that comes late, and
  // takes back what was chosen meanwhile.
  const url = toUrl(query)
  const [shown, setShown] = useState(url)
  if (shown !== url) {
    setShown(url)
    setDraft(query)
  }

  const set = (change: Partial<SearchQuery>) => setDraft(last => ({ ...last, ...change }))
  const search = (event?: Event) => {
    event?.preventDefault()
    setOpen(!matchMedia(PHONE).matches)
    go(
      toUrl({
        ...draft,
        traceql: draft.traceql.trim(),
        minDuration: draft.minDuration.trim(),
        maxDuration: draft.maxDuration.trim(),
      }),
    )
  }

  return (
    <details class="filters" open={open} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>
        <span class="filters-title">Search</span>
        <span class="filters-now">{describe(query)}</span>
      </summary>
      <div class="tabs filter-tabs" role="group" aria-label="Way of searching">
        <button type="button" aria-pressed={mode === 'form'} onClick={() => set({ mode: 'form' })}>
          Form
        </button>
        <button
          type="button"
          aria-pressed={mode === 'traceql'}
          onClick={() => set({ mode: 'traceql', traceql: draft.traceql || asTraceql(draft) })}
        >
          TraceQL
        </button>
      </div>
      <form class="fields" onSubmit={search}>
        {mode === 'traceql' ? (
          <Field label="TraceQL" wide>
            <textarea
              name="traceql"
              class="mono"
              rows={6}
              required
              spellcheck={false}
              value={draft.traceql}
              onInput={event => set({ traceql: event.currentTarget.value })}
              onKeyDown={event => {
                if (event.key === 'Enter' && !event.shiftKey) search(event)
              }}
            />
          </Field>
        ) : (
          <>
            <Field label="Service" wide>
              <select
                name="service"
                value={service}
                onChange={event => set({ service: event.currentTarget.value, operation: '' })}
              >
                <option value="">{failed ? 'Services not available' : 'All services'}</option>
                <Options values={services} chosen={service} />
              </select>
            </Field>
            <Field label="Operation" wide>
              <select
                name="operation"
                value={draft.operation}
                disabled={service === ''}
                onChange={event => set({ operation: event.currentTarget.value })}
              >
                <option value="">{operations.failure ? 'Operations not available' : 'All operations'}</option>
                <Options values={operations.value ?? []} chosen={draft.operation} />
              </select>
            </Field>
            <AttributeFilter
              service={service}
              attributes={draft.attributes}
              onChange={attributes => set({ attributes })}
            />
            <Field label="Min duration">
              <input
                name="minDuration"
                value={draft.minDuration}
                onInput={event => set({ minDuration: event.currentTarget.value })}
                placeholder="100ms"
                autocomplete="off"
              />
            </Field>
            <Field label="Max duration">
              <input
                name="maxDuration"
                value={draft.maxDuration}
                onInput={event => set({ maxDuration: event.currentTarget.value })}
                placeholder="1.5s"
                autocomplete="off"
              />
            </Field>
            <label class="toggle wide">
              <input
                type="checkbox"
                name="errors"
                checked={draft.errors}
                onChange={event => set({ errors: event.currentTarget.checked })}
              />
              Only with errors
            </label>
          </>
        )}
        <TimeField time={draft.time} onChange={time => set({ time })} />
        <Field label="At most">
          <input
            name="limit"
            type="number"
            min={1}
            max={MAX_LIMIT}
            required
            value={draft.limit}
            onInput={event => set({ limit: Number(event.currentTarget.value) })}
          />
        </Field>
        <button type="submit" class="primary">
          Find traces
        </button>
        <p class="wide form-foot">
          <Link href="/file">Look at a trace from a file</Link>
        </p>
      </form>
    </details>
  )
}

export function Field({ label, wide = false, children }: { label: string; wide?: boolean; children: ComponentChildren }) {
  return (
    <label class={wide ? 'field wide' : 'field'}>
      <span>{label}</span>
      {children}
    </label>
  )
}

/** The options, and the chosen one even when the server does not list it. */
function Options({ values, chosen }: { values: string[]; chosen: string }) {
  const all = chosen === '' || values.includes(chosen) ? values : [chosen, ...values]
  return (
    <>
      {all.map(value => (
        <option key={value} value={value}>
          {value}
        </option>
      ))}
    </>
  )
}
