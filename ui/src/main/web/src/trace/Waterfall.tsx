import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { ticks } from '../format'
import { visibleRows, type Trace } from './model'
import { Ruler } from './Ruler'
import { SpanRow } from './SpanRow'

interface WaterfallProps {
  trace: Trace
  selected: number
  /** Whether the details of the selected span are shown beside. */
  open: boolean
  collapsed: ReadonlySet<number>
  /** Moves the selection; details stay as they are. */
  onSelect: (index: number) => void
  /** Selects and shows details. */
  onOpen: (index: number) => void
  /** Shows or hides the details. */
  onToggle: (index: number) => void
  onClose: () => void
  onFold: (index: number, folded: boolean) => void
}

const ROW = 28
const RULER = 30
const DURATION = 84
const OVERSCAN = 8

/** The spans as rows on a time scale. Only the rows in sight are in the document. */
export function Waterfall(props: WaterfallProps) {
  const { trace, selected, open, collapsed, onSelect, onOpen, onFold } = props
  const { spans } = trace
  const rows = useMemo(() => visibleRows(spans, collapsed), [spans, collapsed])
  const box = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, height: 800, width: 1000 })
  const [nameShare, setNameShare] = useState<number | undefined>(undefined)

  useLayoutEffect(() => {
    const element = box.current!
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight, width: element.clientWidth })
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    element.addEventListener('scroll', measure, { passive: true })
    measure()
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', measure)
    }
  }, [])

  // The keys work at once, and again when the details are closed.
  useEffect(() => {
    if (!open) box.current!.focus({ preventScroll: true })
  }, [open])

  const place = findRow(rows, selected)
  useLayoutEffect(() => {
    const element = box.current!
    const top = place * ROW
    const inSight = element.clientHeight - RULER - ROW
    if (top < element.scrollTop) element.scrollTop = top
    else if (top > element.scrollTop + inSight) element.scrollTop = top - inSight
  }, [place, view.height])

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target !== box.current) return
    const page = Math.max(1, Math.floor((view.height - RULER) / ROW) - 1)
    const span = spans[selected]!
    const parent = span.end > selected + 1
    const goTo = (row: number) => onSelect(rows[Math.min(Math.max(row, 0), rows.length - 1)]!)
    switch (event.key) {
      case 'ArrowDown':
        goTo(place + 1)
        break
      case 'ArrowUp':
        goTo(place - 1)
        break
      case 'PageDown':
        goTo(place + page)
        break
      case 'PageUp':
        goTo(place - page)
        break
      case 'Home':
        goTo(0)
        break
      case 'End':
        goTo(rows.length - 1)
        break
      case 'ArrowRight':
        if (parent && collapsed.has(selected)) onFold(selected, false)
        else if (parent) goTo(place + 1)
        break
      case 'ArrowLeft':
        if (parent && !collapsed.has(selected)) onFold(selected, true)
        else if (span.parent >= 0) onSelect(span.parent)
        break
      case 'Enter':
      case ' ':
        props.onToggle(selected)
        break
      case 'Escape':
        props.onClose()
        break
      default:
        return
    }
    event.preventDefault()
  }

  const foldByMouse = (index: number, folded: boolean) => {
    onFold(index, folded)
    box.current!.focus({ preventScroll: true })
  }

  const first = Math.max(0, Math.floor(view.top / ROW) - OVERSCAN)
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / ROW) + OVERSCAN)
  const narrow = view.width < 640
  const share = nameShare ?? (narrow ? 0.52 : 0.42)
  const times = ticks(trace.duration, Math.max(2, Math.floor((view.width * (1 - share) - DURATION) / 80)))
  // Deep trees get narrower steps, so that names keep their room; their guides would only blur.
  const step = Math.min(narrow ? 8 : 14, (view.width * share * 0.45) / trace.depth)

  return (
    <div
      class={step < 5 ? 'waterfall tight' : 'waterfall'}
      ref={box}
      tabIndex={0}
      role="tree"
      aria-label="Spans"
      aria-activedescendant={`span-${selected}`}
      onKeyDown={onKeyDown}
      style={{ '--name': `${share * 100}%`, '--step': `${step}px`, '--row': `${ROW}px`, '--ruler': `${RULER}px` }}
    >
      <Ruler ticks={times} duration={trace.duration} share={share} onShare={setNameShare} />
      <div class="rows" role="presentation" style={{ height: `${rows.length * ROW}px` }}>
        <div class="lines" aria-hidden="true">
          <div class="lines-area">
            {times.map(time => (
              <i key={time} style={{ left: `${percent(time, trace.duration)}%` }} />
            ))}
          </div>
        </div>
        {rows.slice(first, last).map((index, i) => (
          <SpanRow
            key={index}
            index={index}
            span={spans[index]!}
            traceDuration={trace.duration}
            top={(first + i) * ROW}
            parent={spans[index]!.end > index + 1}
            hidden={collapsed.has(index) ? spans[index]!.end - index - 1 : 0}
            selected={index === selected}
            onOpen={onOpen}
            onFold={foldByMouse}
          />
        ))}
      </div>
    </div>
  )
}

/** The place of a span in the sorted visible rows; the row that hides it when it is folded away. */
function findRow(rows: readonly number[], index: number): number {
  let low = 0
  let high = rows.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (rows[middle]! <= index) low = middle
    else high = middle - 1
  }
  return low
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole
}
