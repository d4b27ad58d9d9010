import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { serviceSlot } from '../colour'
import { formatDuration } from '../format'
import { rememberUrl, type Route } from '../router'
import { Strip } from '../components/Notice'
import { FlameView } from './FlameView'
import { GraphView } from './GraphView'
import { KeysHelp } from './KeysHelp'
import { Minimap } from './Minimap'
import { errorRows, neighbour, rowsBySpan, visibleRows } from './rows'
import type { TraceSession } from './session'
import { SpanDetails } from './SpanDetails'
import { halves } from './spans'
import { TableView } from './TableView'
import { clampRange, type TimeRange } from './time'
import { TraceHeader } from './TraceHeader'
import { TraceTools } from './TraceTools'
import type { Built } from './tree'
import { readView, viewUrl, type View, type ViewState } from './url'
import { Waterfall, zoomed } from './Waterfall'

interface TraceViewProps {
  built: Built
  whole: boolean
  session: TraceSession
  route: Route
  /** Whether clocks are corrected, and how to change that. */
  correct: boolean
  onCorrect: (correct: boolean) => void
  /** Whether the trace is one of the server's, which knows more of it. */
  stored: boolean
  /** Asks the server anew. */
  onRefresh?: () => void
  /** What stands above all: where the trace is from, and what is wrong with it. */
  children?: preact.ComponentChildren
}

const NONE: ReadonlySet<number> = new Set()
const NO_ROWS = new Int32Array(0)

/** One trace: its facts, one of its views, and the span the reader looks at. */
export function TraceView(props: TraceViewProps) {
  const { built, session, route, whole } = props
  const { layout, facts } = built
  const asked = useMemo(() => readView(route.parameters), [route])
  const rowOf = useMemo(() => rowsBySpan(layout), [layout])
  const slots = useMemo(() => facts.services.map(serviceSlot), [facts])

  // Spans are named by their place in the store, which stays when more of the trace comes and when clocks are moved.
  const [selectedSpan, setSelectedSpan] = useState<number | undefined>(undefined)
  const [open, setOpen] = useState(false)
  const [folded, setFolded] = useState<ReadonlySet<number>>(NONE)
  const [focusSpan, setFocusSpan] = useState<number | undefined>(undefined)
  const [range, setRange] = useState<TimeRange | undefined>(undefined)
  const [view, setView] = useState<View>(asked.view)
  const [critical, setCritical] = useState(true)
  const [text, setText] = useState(asked.find)
  const [found, setFound] = useState<Int32Array>(NO_ROWS)
  const [searching, setSearching] = useState(false)
  const [help, setHelp] = useState(false)
  const findInput = useRef<HTMLInputElement>(null)

  const selected = selectedSpan === undefined ? 0 : Math.max(0, rowOf[selectedSpan] ?? 0)
  const focus = focusSpan === undefined ? undefined : rowOf[focusSpan]
  const top = focus ?? 0
  const end = focus === undefined ? layout.rows : layout.end[focus]!
  const wholeRange = useMemo<TimeRange>(() => {
    if (focus === undefined) return { from: 0, to: Math.max(1, facts.duration) }
    let from = layout.start[focus]!
    let to = from + layout.duration[focus]!
    for (let row = focus + 1; row < end; row++) {
      from = Math.min(from, layout.start[row]!)
      to = Math.max(to, layout.start[row]! + layout.duration[row]!)
    }
    return { from, to: Math.max(to, from + 1) }
  }, [layout, facts, focus, end])
  const shown = useMemo(() => (range ? clampRange(range, wholeRange) : wholeRange), [range, wholeRange])
  const rows = useMemo(() => visibleRows(layout, folded, top, end), [layout, folded, top, end])
  const foundSet = useMemo(() => new Set(found), [found])
  const errors = useMemo(() => errorRows(layout), [layout])

  const show = (row: number, details: boolean) => {
    setSelectedSpan(layout.span[row]!)
    setOpen(details)
    // Nobody is shown what is folded away, or outside of the focus.
    const hidden: number[] = []
    for (let above = layout.parent[row]!; above >= 0; above = layout.parent[above]!) {
      if (folded.has(layout.span[above]!)) hidden.push(layout.span[above]!)
    }
    if (hidden.length > 0) {
      const next = new Set(folded)
      for (const span of hidden) next.delete(span)
      setFolded(next)
    }
    if (row < top || row >= end) setFocusSpan(undefined)
  }
  const bring = (row: number | undefined, details = open) => {
    if (row === undefined) return
    if (view !== 'waterfall') setView('waterfall')
    show(row, details)
    // In sight in time, too.
    const from = layout.start[row]!
    const to = from + layout.duration[row]!
    if (range && (to < shown.from || from > shown.to)) setRange(undefined)
  }
  const fold = (row: number, fold: boolean) => {
    const next = new Set(folded)
    if (fold) next.add(layout.span[row]!)
    else next.delete(layout.span[row]!)
    setFolded(next)
    // The selection never hides in a folded subtree.
    if (fold && selected > row && selected < layout.end[row]!) setSelectedSpan(layout.span[row]!)
  }
  const foldAll = () => {
    const next = new Set<number>()
    for (let row = top; row < end; row++) {
      if (layout.depth[row]! > layout.depth[top]! && layout.end[row]! > row + 1) next.add(layout.span[row]!)
    }
    setFolded(next)
    let above = selected
    while (layout.depth[above]! > layout.depth[top]! + 1) above = layout.parent[above]!
    setSelectedSpan(layout.span[above]!)
  }
  const focusOn = (row: number | undefined) => {
    setFocusSpan(row === undefined ? undefined : layout.span[row]!)
    setRange(undefined)
  }
  const zoom = (next: TimeRange) => {
    const clamped = clampRange(next, wholeRange, Math.max(1, (wholeRange.to - wholeRange.from) / 1e6))
    setRange(clamped.from <= wholeRange.from && clamped.to >= wholeRange.to ? undefined : clamped)
  }
  const zoomTo = (row: number) => {
    const length = Math.max(layout.duration[row]!, 1000)
    zoom({ from: layout.start[row]! - 0.1 * length, to: layout.start[row]! + 1.1 * length })
  }

  // A link names a span by its id, and may come before the span.
  const waiting = useRef<ViewState | undefined>(undefined)
  useEffect(() => {
    waiting.current = asked
    setText(asked.find)
    setView(asked.view)
  }, [asked])
  useEffect(() => {
    const wanted = waiting.current
    if (!wanted) return
    const row = wanted.span === undefined ? undefined : rowOfId(wanted.span)
    if (row === undefined && wanted.span !== undefined && !whole) return
    waiting.current = undefined
    if (row !== undefined) show(row, true)
    const inFocus = wanted.focus === undefined ? undefined : rowOfId(wanted.focus)
    if (inFocus !== undefined) focusOn(inFocus)
    if (wanted.range) setRange(wanted.range)
  }, [asked, layout])

  useEffect(() => {
    if (text.trim() === '') {
      setFound(NO_ROWS)
      setSearching(false)
      return
    }
    let moot = false
    setSearching(true)
    const timer = setTimeout(() => {
      void session.ask({ ask: 'find', text }).then(answer => {
        if (moot) return
        setFound(answer)
        setSearching(false)
      })
    }, 150)
    return () => {
      moot = true
      clearTimeout(timer)
    }
  }, [text, layout, session])

  // The address says what is seen, so that it can be sent to somebody. Not in each frame of a zoom: writing
  // it is dear.
  useEffect(() => {
    if (waiting.current) return
    const timer = setTimeout(() => {
      rememberUrl(
        viewUrl(location.pathname, {
          view,
          span: open ? idOf(selected) : undefined,
          focus: focus === undefined ? undefined : idOf(focus),
          find: text.trim(),
          range,
          raw: !props.correct,
        }),
      )
    }, 150)
    return () => clearTimeout(timer)
  }, [asked, view, open, selected, focus, text, range, props.correct])

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const target = event.target as HTMLElement
    const typing = target.matches('input:not([type=checkbox]), select, textarea')
    if (event.key === 'Escape') {
      if (help) setHelp(false)
      else if (open) setOpen(false)
      else if (text && target === findInput.current) setText('')
      else if (range) setRange(undefined)
      else if (focus !== undefined) focusOn(undefined)
      else return
      event.preventDefault()
      return
    }
    if (typing) return
    const action = keyActions()[event.key]
    if (!action) return
    event.preventDefault()
    action()
  }
  const keyActions = (): Record<string, () => void> => ({
    '/': () => findInput.current?.focus(),
    n: () => bring(neighbour(found, selected, 1)),
    N: () => bring(neighbour(found, selected, -1)),
    e: () => bring(neighbour(errors, selected, 1)),
    E: () => bring(neighbour(errors, selected, -1)),
    f: () => focusOn(selected),
    u: () => focusOn(undefined),
    z: () => zoomTo(selected),
    '+': () => zoom(zoomed(shown, 0.5, middleOf(selected))),
    '=': () => zoom(zoomed(shown, 0.5, middleOf(selected))),
    '-': () => zoom(zoomed(shown, 2)),
    '0': () => setRange(undefined),
    '[': foldAll,
    ']': () => setFolded(NONE),
    c: () => setCritical(!critical),
    '1': () => setView('waterfall'),
    '2': () => setView('flame'),
    '3': () => setView('table'),
    '4': () => setView('graph'),
    '?': () => setHelp(true),
  })
  const keys = useRef(onKeyDown)
  keys.current = onKeyDown
  useEffect(() => {
    const listener = (event: KeyboardEvent) => keys.current(event)
    document.addEventListener('keydown', listener)
    return () => document.removeEventListener('keydown', listener)
  }, [])

  const scope = { from: top, to: end, version: layout }
  return (
    <main id="main" class={open ? 'trace with-details' : 'trace'}>
      <div class="trace-head">
        <TraceHeader
          built={built}
          whole={whole}
          stored={props.stored}
          onNextError={() => bring(neighbour(errors, selected, 1), true)}
          {...(props.onRefresh ? { onRefresh: props.onRefresh } : {})}
        />
        {props.children}
        <TraceTools
          view={view}
          onView={setView}
          text={text}
          onText={setText}
          input={findInput}
          matches={found.length}
          at={foundSet.has(selected) ? found.indexOf(selected) + 1 : 0}
          searching={searching}
          onStep={step => bring(neighbour(found, selected, step))}
          critical={critical}
          onCritical={setCritical}
          clocks={facts.clocks}
          correct={props.correct}
          onCorrect={props.onCorrect}
          folded={folded.size > 0}
          onFoldAll={foldAll}
          onUnfoldAll={() => setFolded(NONE)}
          onHelp={() => setHelp(true)}
        />
        {focus !== undefined && (
          <Strip>
            Only <b>{facts.names[layout.name[focus]!]!.slice(0, 200)}</b> and what is below it: {(end - focus).toLocaleString('en')} of{' '}
            {layout.rows.toLocaleString('en')} spans, {formatDuration((wholeRange.to - wholeRange.from) / 1000)}.{' '}
            <button type="button" class="link" onClick={() => focusOn(undefined)}>
              Show the whole trace
            </button>
          </Strip>
        )}
      </div>
      {view === 'waterfall' && (
        <div class="trace-main">
          <Minimap
            layout={layout}
            slots={slots}
            whole={wholeRange}
            rows={{ from: top, to: end }}
            range={shown}
            onRange={zoom}
          />
          <Waterfall
            layout={layout}
            services={facts.services}
            names={facts.names}
            slots={slots}
            rows={rows}
            topDepth={layout.depth[top] ?? 0}
            folded={folded}
            selected={selected}
            open={open}
            range={shown}
            found={foundSet}
            critical={critical}
            onSelect={row => show(row, open)}
            onOpen={row => show(row, true)}
            onToggle={row => show(row, !(open && row === selected))}
            onFold={fold}
            onRange={zoom}
          />
        </div>
      )}
      {view === 'flame' && <FlameView session={session} scope={scope} facts={facts} onGo={row => bring(row, true)} />}
      {view === 'table' && (
        <TableView session={session} scope={scope} facts={facts} onFind={words => (setText(words), setView('waterfall'))} />
      )}
      {view === 'graph' && <GraphView session={session} scope={scope} facts={facts} onGo={row => bring(row, true)} />}
      {open && (
        <SpanDetails
          session={session}
          built={built}
          row={selected}
          onClose={() => setOpen(false)}
          onGo={row => bring(row, true)}
          onFocus={() => focusOn(selected)}
          onZoom={() => zoomTo(selected)}
        />
      )}
      {help && <KeysHelp onClose={() => setHelp(false)} />}
    </main>
  )

  function idOf(row: number): string {
    return (
      layout.idHigh[row]!.toString(16).padStart(8, '0') + layout.idLow[row]!.toString(16).padStart(8, '0')
    )
  }

  function rowOfId(id: string): number | undefined {
    const [high, low] = halves(id)
    for (let row = 0; row < layout.rows; row++) {
      if (layout.idLow[row] === low && layout.idHigh[row] === high) return row
    }
    return undefined
  }

  function middleOf(row: number): number {
    return layout.start[row]! + layout.duration[row]! / 2
  }
}
