import type { TimeRange } from './time'

export type View = 'waterfall' | 'flame' | 'table' | 'graph'

export const VIEWS: readonly { view: View; label: string }[] = [
  { view: 'waterfall', label: 'Waterfall' },
  { view: 'flame', label: 'Flame graph' },
  { view: 'table', label: 'Table' },
  { view: 'graph', label: 'Span graph' },
]

/** What the address of a trace says beside its id. */
export interface ViewState {
  view: View
  /** The id of the span whose details are shown. */
  span: string | undefined
  /** The id of the span whose subtree alone is shown. */
  focus: string | undefined
  find: string
  /** The time that is zoomed in on. */
  range: TimeRange | undefined
  /** Whether clocks are shown as they were. */
  raw: boolean
}

/** Reads it; `uiFind` is what Jaeger's links call `find`. */
export function readView(parameters: URLSearchParams): ViewState {
  const view = parameters.get('view')
  const range = /^(\d+)-(\d+)$/.exec(parameters.get('time') ?? '')
  return {
    view: VIEWS.find(candidate => candidate.view === view)?.view ?? 'waterfall',
    span: idIn(parameters.get('span')),
    focus: idIn(parameters.get('focus')),
    find: parameters.get('find') ?? parameters.get('uiFind') ?? '',
    range: range && Number(range[1]) < Number(range[2]) ? { from: Number(range[1]), to: Number(range[2]) } : undefined,
    raw: parameters.get('clock') === 'raw',
  }
}

export function viewUrl(path: string, state: ViewState): string {
  const parameters = new URLSearchParams()
  if (state.view !== 'waterfall') parameters.set('view', state.view)
  if (state.span !== undefined) parameters.set('span', state.span)
  if (state.focus !== undefined) parameters.set('focus', state.focus)
  if (state.find !== '') parameters.set('find', state.find)
  if (state.range) parameters.set('time', `${Math.floor(state.range.from)}-${Math.ceil(state.range.to)}`)
  if (state.raw) parameters.set('clock', 'raw')
  const text = parameters.toString()
  return text === '' ? path : `${path}?${text}`
}

function idIn(text: string | null): string | undefined {
  return text !== null && /^[0-9a-f]{1,16}$/i.test(text) ? text.toLowerCase().padStart(16, '0') : undefined
}
