import { useEffect, useRef } from 'preact/hooks'
import { Cross } from '../components/Icons'

const KEYS: readonly [string, string][] = [
  ['↑ ↓ or k j', 'previous, next span'],
  ['← →', 'fold, unfold; then to the parent, to the first child'],
  ['Home End, Page ↑ ↓', 'further at once'],
  ['Enter', 'show or hide the details of the span'],
  ['/', 'find in this trace'],
  ['n N', 'next, previous match'],
  ['e E', 'next, previous error'],
  ['f u', 'only this span and what is below it; the whole trace again'],
  ['z', 'zoom to the span'],
  ['+ −', 'zoom in, out'],
  ['0', 'all of the time'],
  ['[ ]', 'fold all, unfold all'],
  ['c', 'critical path on, off'],
  ['1 2 3 4', 'waterfall, flame graph, table, span graph'],
  ['Esc', 'close the details; then the zoom; then the focus'],
  ['?', 'this list'],
]

/** The keys of the trace page. */
export function KeysHelp({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    dialog.current!.showModal()
  }, [])
  return (
    <dialog
      ref={dialog}
      class="keys-help"
      aria-label="Keys"
      onClose={onClose}
      onClick={event => event.target === dialog.current && onClose()}
    >
      <header>
        <h2>Keys</h2>
        <button type="button" class="bare" aria-label="Close" onClick={onClose}>
          <Cross />
        </button>
      </header>
      <dl>
        {KEYS.map(([keys, meaning]) => (
          <div key={keys}>
            <dt>{keys}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p class="quiet">Ctrl and the wheel zoom about the pointer; dragging over the scale or the overview zooms to a part.</p>
    </dialog>
  )
}
