import { useState } from 'preact/hooks'
import { readTraceId } from '../format'
import { PAGES, type PageEntry } from '../pages'
import { go, Link } from '../router'
import { Mark } from './Icons'
import { ThemeSwitch } from './ThemeSwitch'

export function Header({ page }: { page: PageEntry | undefined }) {
  const [wrong, setWrong] = useState(false)
  const lookUp = (event: SubmitEvent) => {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const input = form.elements.namedItem('id') as HTMLInputElement
    const id = readTraceId(input.value)
    setWrong(id === undefined)
    if (id === undefined) return
    form.reset()
    input.blur()
    go(`/trace/${id}`)
  }
  return (
    <header class="top">
      <Link href="/search" class="brand" aria-label="Millrace">
        <Mark />
        <span>Millrace</span>
      </Link>
      <nav class="nav" aria-label="Pages">
        {PAGES.map(
          candidate =>
            candidate.entry && (
              <Link
                key={candidate.entry.href}
                href={candidate.entry.href}
                aria-current={candidate === page ? 'page' : undefined}
              >
                {candidate.entry.label}
              </Link>
            ),
        )}
      </nav>
      <form class="lookup" role="search" onSubmit={lookUp}>
        <input
          name="id"
          type="search"
          class="mono"
          aria-label="Trace id"
          aria-invalid={wrong}
          aria-describedby={wrong ? 'lookup-wrong' : undefined}
          placeholder="Trace id"
          autocomplete="off"
          spellcheck={false}
          onInput={() => setWrong(false)}
        />
        <button type="submit">Open</button>
        {wrong && (
          <span class="lookup-wrong" id="lookup-wrong" role="alert">
            Not a trace id (expected: up to 32 hex digits)
          </span>
        )}
      </form>
      <ThemeSwitch />
    </header>
  )
}
