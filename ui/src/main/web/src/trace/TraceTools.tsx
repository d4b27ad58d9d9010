import type { RefObject } from 'preact'
import { formatDuration, plural } from '../format'
import type { Facts } from './tree'
import { VIEWS, type View } from './url'

interface TraceToolsProps {
  view: View
  onView: (view: View) => void
  text: string
  onText: (text: string) => void
  input: RefObject<HTMLInputElement | null>
  matches: number
  /** Which of them is selected, from 1; 0 for none. */
  at: number
  searching: boolean
  onStep: (step: 1 | -1) => void
  critical: boolean
  onCritical: (critical: boolean) => void
  clocks: Facts['clocks']
  correct: boolean
  onCorrect: (correct: boolean) => void
  folded: boolean
  onFoldAll: () => void
  onUnfoldAll: () => void
  onHelp: () => void
}

/** What can be done with a trace as a whole: its views, finding in it, what is marked in it. */
export function TraceTools(props: TraceToolsProps) {
  const { view, text, matches, at, searching, clocks } = props
  return (
    <div class="trace-tools">
      <div class="tabs" role="group" aria-label="View">
        {VIEWS.map(choice => (
          <button
            key={choice.view}
            type="button"
            aria-pressed={choice.view === view}
            onClick={() => props.onView(choice.view)}
          >
            {choice.label}
          </button>
        ))}
      </div>
      <form
        class="find"
        role="search"
        aria-label="In this trace"
        onSubmit={event => {
          event.preventDefault()
          props.onStep(1)
        }}
      >
        <input
          ref={props.input}
          type="search"
          value={text}
          aria-label="Find in this trace"
          placeholder="Find: words, key=value"
          autocomplete="off"
          spellcheck={false}
          onInput={event => props.onText(event.currentTarget.value)}
          onKeyDown={event => {
            if (event.key !== 'Enter' || !event.shiftKey) return
            event.preventDefault()
            props.onStep(-1)
          }}
        />
        <span class="find-count" role="status">
          {text.trim() === '' ? '' : searching ? '…' : at > 0 ? `${at} of ${matches.toLocaleString('en')}` : plural(matches, 'match', 'matches')}
        </span>
        <button type="button" class="bare" aria-label="Previous match" disabled={matches === 0} onClick={() => props.onStep(-1)}>
          <Arrow up />
        </button>
        <button type="button" class="bare" aria-label="Next match" disabled={matches === 0} onClick={() => props.onStep(1)}>
          <Arrow />
        </button>
      </form>
      <div class="trace-toggles">
        {view === 'waterfall' && (
          <>
            <label class="toggle">
              <input type="checkbox" checked={props.critical} onChange={event => props.onCritical(event.currentTarget.checked)} />
              Critical path
            </label>
            <button type="button" class="small" onClick={props.folded ? props.onUnfoldAll : props.onFoldAll}>
              {props.folded ? 'Unfold all' : 'Fold all'}
            </button>
          </>
        )}
        {clocks.spans > 0 && (
          <label
            class="toggle"
            title={`The clocks of ${plural(clocks.spans, 'span')} disagree with those of their callers, by up to ${formatDuration(clocks.most / 1000)}. Corrected, each lies within its caller.`}
          >
            <input type="checkbox" checked={props.correct} onChange={event => props.onCorrect(event.currentTarget.checked)} />
            Correct clocks <span class="quiet">±{formatDuration(clocks.most / 1000)}</span>
          </label>
        )}
        <button type="button" class="bare keys" aria-label="Keys" title="Keys (?)" onClick={props.onHelp}>
          ?
        </button>
      </div>
    </div>
  )
}

function Arrow({ up = false }: { up?: boolean }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path
        d={up ? 'M4 10l4-4 4 4' : 'M4 6l4 4 4-4'}
        fill="none"
        stroke="currentColor"
        stroke-width="1.7"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  )
}
