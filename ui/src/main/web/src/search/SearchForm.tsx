import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { fetchOperations } from '../api'
import { useLoad } from '../load'
import { LOOKBACKS, MAX_LIMIT, toUrl, type SearchQuery } from './query'
import { go } from '../router'

interface SearchFormProps {
  query: SearchQuery
  services: string[]
}

const PHONE = '(max-width: 760px)'

export function SearchForm({ query, services }: SearchFormProps) {
  const [draft, setDraft] = useState(query)
  const [open, setOpen] = useState(() => !matchMedia(PHONE).matches)
  const { service } = draft
  const operations = useLoad(service, service ? signal => fetchOperations(service, signal) : undefined)

  // The back button changes the query under an open form. Not in an effect: that comes late, and
  // takes back what was chosen meanwhile.
  const url = toUrl(query)
  const [shown, setShown] = useState(url)
  if (shown !== url) {
    setShown(url)
    setDraft(query)
  }

  const set = (field: keyof SearchQuery) => (event: Event) => {
    const { value } = event.currentTarget as HTMLInputElement | HTMLSelectElement
    setDraft(last => ({
      ...last,
      ...(field === 'service' ? { operation: '' } : {}),
      [field]: field === 'limit' ? Number(value) : value,
    }))
  }
  const search = (event: Event) => {
    event.preventDefault()
    setOpen(!matchMedia(PHONE).matches)
    go(toUrl({ ...draft, tags: draft.tags.trim(), minDuration: draft.minDuration.trim(), maxDuration: draft.maxDuration.trim() }))
  }

  return (
    <details class="filters" open={open} onToggle={event => setOpen((event.currentTarget as HTMLDetailsElement).open)}>
      <summary>
        <span class="filters-title">Search</span>
        <span class="filters-now">{describe(query)}</span>
      </summary>
      <form class="fields" onSubmit={search}>
        <Field label="Service" wide>
          <select name="service" value={service} onChange={set('service')}>
            <Options values={services} chosen={service} />
          </select>
        </Field>
        <Field label="Operation" wide>
          <select name="operation" value={draft.operation} onChange={set('operation')}>
            <option value="">{operations.failure ? 'Operations not available' : 'All operations'}</option>
            <Options values={operations.value ?? []} chosen={draft.operation} />
          </select>
        </Field>
        <Field label="Tags" wide>
          <input
            name="tags"
            class="mono"
            value={draft.tags}
            onInput={set('tags')}
            placeholder='error=true http.method="GET"'
            autocomplete="off"
            spellcheck={false}
          />
        </Field>
        <Field label="Min duration">
          <input name="minDuration" value={draft.minDuration} onInput={set('minDuration')} placeholder="100ms" autocomplete="off" />
        </Field>
        <Field label="Max duration">
          <input name="maxDuration" value={draft.maxDuration} onInput={set('maxDuration')} placeholder="1.5s" autocomplete="off" />
        </Field>
        <Field label="Time">
          <select name="lookback" value={draft.lookback} onChange={set('lookback')}>
            {LOOKBACKS.map(choice => (
              <option key={choice.value} value={choice.value}>
                {choice.label}
              </option>
            ))}
          </select>
        </Field>
        <Field label="Limit">
          <input name="limit" type="number" min={1} max={MAX_LIMIT} required value={draft.limit} onInput={set('limit')} />
        </Field>
        <button type="submit" class="primary" disabled={service === ''}>
          Find traces
        </button>
      </form>
    </details>
  )
}

function Field({ label, wide = false, children }: { label: string; wide?: boolean; children: ComponentChildren }) {
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

function describe(query: SearchQuery): string {
  const time = LOOKBACKS.find(choice => choice.value === query.lookback)?.label.toLowerCase()
  return [query.service, query.operation, query.tags, time].filter(Boolean).join(' · ')
}
