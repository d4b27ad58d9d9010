import { useEffect, useState } from 'preact/hooks'
import { getJson } from '../api'
import { Cross } from '../components/Icons'
import type { AttributeMatch } from './query'

interface AttributeFilterProps {
  service: string
  attributes: AttributeMatch[]
  onChange: (attributes: AttributeMatch[]) => void
}

const PAUSE_MS = 200

/** Attributes that one span must have; keys and values are suggested from what the store has. */
export function AttributeFilter({ service, attributes, onChange }: AttributeFilterProps) {
  const [key, setKey] = useState('')
  const [value, setValue] = useState('')
  const [asked, setAsked] = useState(false)
  const keys = useSuggestions(asked ? keysPath(service, key) : undefined, readKeys)
  const values = useSuggestions(key.trim() === '' ? undefined : valuesPath(service, key.trim(), value), readValues)

  const add = () => {
    if (key.trim() === '') return
    onChange([...attributes, { key: key.trim(), value: value.trim() }])
    setKey('')
    setValue('')
  }
  const onEnter = (event: KeyboardEvent) => {
    // A filter that is half written is not yet a search.
    if (event.key !== 'Enter' || key.trim() === '') return
    event.preventDefault()
    add()
  }
  return (
    <fieldset class="field wide attributes">
      <legend>Attributes</legend>
      {attributes.length > 0 && (
        <ul class="matches">
          {attributes.map((match, i) => (
            <li key={i}>
              <span>
                <b dir="auto">{match.key}</b> = <bdi>{match.value}</bdi>
              </span>
              <button
                type="button"
                class="bare"
                aria-label={`Remove ${match.key}`}
                onClick={() => onChange(attributes.filter(other => other !== match))}
              >
                <Cross />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div class="match-row">
        <input
          name="attributeKey"
          list="attribute-keys"
          aria-label="Attribute key"
          placeholder="key"
          autocomplete="off"
          spellcheck={false}
          value={key}
          onFocus={() => setAsked(true)}
          onInput={event => setKey(event.currentTarget.value)}
          onKeyDown={onEnter}
        />
        <input
          name="attributeValue"
          list="attribute-values"
          aria-label="Attribute value"
          placeholder="value"
          autocomplete="off"
          spellcheck={false}
          value={value}
          onInput={event => setValue(event.currentTarget.value)}
          onKeyDown={onEnter}
        />
        <button type="button" onClick={add} disabled={key.trim() === ''}>
          Add
        </button>
      </div>
      <datalist id="attribute-keys">
        {keys.map(text => (
          <option key={text} value={text} />
        ))}
      </datalist>
      <datalist id="attribute-values">
        {values.map(text => (
          <option key={text} value={text} />
        ))}
      </datalist>
    </fieldset>
  )
}

function keysPath(service: string, prefix: string): string {
  return `/v1/attributes?${parameters(service, prefix)}`
}

function valuesPath(service: string, key: string, prefix: string): string {
  return `/v1/attributes/${encodeURIComponent(key)}/values?${parameters(service, prefix)}`
}

function parameters(service: string, prefix: string): URLSearchParams {
  const asked = new URLSearchParams({ limit: '100' })
  if (service) asked.set('service', service)
  if (prefix) asked.set('prefix', prefix)
  return asked
}

/** Keys that a search can ask for: those of spans and of resources, the former first. */
function readKeys(answer: { keys: Record<string, string[]> }): string[] {
  return [...new Set([...(answer.keys['span'] ?? []), ...(answer.keys['resource'] ?? [])])]
}

function readValues(answer: { values: { value: string }[] }): string[] {
  return [...new Set(answer.values.map(candidate => candidate.value))].filter(text => text.length <= 300)
}

/** What the server suggests; nothing when it does not answer, as people can type all the same. */
function useSuggestions<T>(path: string | undefined, read: (answer: T) => string[]): string[] {
  const [list, setList] = useState<string[]>([])
  useEffect(() => {
    if (path === undefined) {
      setList([])
      return
    }
    const abort = new AbortController()
    const timer = setTimeout(() => {
      getJson<T>(path, abort.signal).then(
        answer => setList(read(answer)),
        () => {},
      )
    }, PAUSE_MS)
    return () => {
      abort.abort()
      clearTimeout(timer)
    }
  }, [path])
  return list
}
