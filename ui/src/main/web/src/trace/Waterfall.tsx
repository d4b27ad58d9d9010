import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { formatDuration, plural } from '../format'
import { useTheme } from '../theme'
import { drawRows, FOLD_WIDTH, indentOf, readPaints, type Scene } from './paint'
import { Ruler } from './Ruler'
import { errorsBelow, placeOf } from './rows'
import { ERROR, KINDS, NO_PARENT } from './spans'
import { ticksBetween, type TimeRange } from './time'
import type { Layout } from './tree'

interface WaterfallProps {
  layout: Layout
  services: string[]
  names: string[]
  slots: number[]
  rows: Int32Array
  /** The depth at which the rows begin. */
  topDepth: number
  folded: ReadonlySet<number>
  selected: number
  /** Whether the details of the selected span are shown beside. */
  open: boolean
  range: TimeRange
  found: ReadonlySet<number>
  critical: boolean
  /** Moves the selection; details stay as they are. */
  onSelect: (row: number) => void
  /** Selects and shows details. */
  onOpen: (row: number) => void
  /** Shows or hides the details. */
  onToggle: (row: number) => void
  onFold: (row: number, folded: boolean) => void
  onRange: (range: TimeRange) => void
}

const ROW = 26
const FINGER_ROW = 32
const DURATION = 80
/** The tallest scroll area that every browser can lay out. */
const TALLEST = 12_000_000
/** How long the scrolling must rest before the rows are told to those who do not see the canvas. */
const REST_MS = 60

/** The spans as rows on a time scale, drawn on a canvas. The rows in sight are in the document too, for those who read, not look. */
export function Waterfall(props: WaterfallProps) {
  const { layout, rows, folded, selected, range } = props
  const box = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const [size, setSize] = useState({ width: 1000, height: 600 })
  const [nameShare, setNameShare] = useState<number | undefined>(undefined)
  const [told, setTold] = useState({ first: 0, count: 40 })
  const [focused, setFocused] = useState(false)
  const hovered = useRef(-1)
  const { dark } = useTheme()
  const paints = useMemo(readPaints, [dark])
  const coarse = useMemo(() => matchMedia('(pointer: coarse)').matches, [])
  const rowHeight = coarse ? FINGER_ROW : ROW

  const narrow = size.width < 640
  const share = nameShare ?? (narrow ? 0.5 : 0.36)
  const nameWidth = Math.round(size.width * share)
  const timeEnd = size.width - (narrow ? 64 : DURATION)
  const ticks = useMemo(
    () => ticksBetween(range.from, range.to, Math.max(2, Math.floor((timeEnd - nameWidth) / 90))),
    [range.from, range.to, timeEnd, nameWidth],
  )
  const deepest = useMemo(() => layout.depth.reduce((max, depth) => (depth > max ? depth : max), 0), [layout])
  // Deep trees get narrower steps, so that names keep their room.
  const step = Math.min(narrow ? 8 : 14, (nameWidth * 0.45) / Math.max(1, deepest - props.topDepth + 1))

  const whole = rows.length * rowHeight
  const tall = Math.min(whole, TALLEST)
  const inSight = size.height / rowHeight

  /** The place at the upper edge, also where the scroll area is not as tall as the rows. */
  const topPlace = () => {
    const { scrollTop } = box.current!
    if (tall === whole) return scrollTop / rowHeight
    return (scrollTop / Math.max(1, tall - size.height)) * Math.max(0, rows.length - inSight)
  }
  const scrollTo = (place: number) => {
    box.current!.scrollTop =
      tall === whole ? place * rowHeight : (place / Math.max(1, rows.length - inSight)) * (tall - size.height)
  }

  const scene = (): Scene => ({
    layout,
    services: props.services,
    names: props.names,
    slots: props.slots,
    rows,
    top: topPlace(),
    rowHeight,
    width: size.width,
    height: size.height,
    nameWidth,
    timeEnd,
    topDepth: props.topDepth,
    step,
    from: range.from,
    to: range.to,
    folded,
    selected,
    hovered: hovered.current,
    found: props.found,
    critical: props.critical,
    ticks,
    focused,
  })

  // One frame at most per refresh of the screen, whatever happens in between.
  const frame = useRef(0)
  const latest = useRef<() => void>(() => {})
  latest.current = () => {
    const element = canvas.current
    const context = element?.getContext('2d')
    if (!element || !context) return
    const ratio = devicePixelRatio || 1
    const width = Math.round(size.width * ratio)
    const height = Math.round(size.height * ratio)
    if (element.width !== width || element.height !== height) {
      element.width = width
      element.height = height
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    drawRows(context, scene(), paints)
  }
  const draw = () => {
    if (frame.current !== 0) return
    frame.current = requestAnimationFrame(() => {
      frame.current = 0
      latest.current()
    })
  }
  useLayoutEffect(draw)
  useEffect(() => () => cancelAnimationFrame(frame.current), [])

  const tell = () => {
    const first = Math.max(0, Math.floor(topPlace()))
    setTold({ first, count: Math.ceil(inSight) + 1 })
  }
  const tellLatest = useRef(tell)
  tellLatest.current = tell

  useLayoutEffect(() => {
    const element = box.current!
    let timer: ReturnType<typeof setTimeout>
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight })
    const scrolled = () => {
      draw()
      clearTimeout(timer)
      timer = setTimeout(() => tellLatest.current(), REST_MS)
    }
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    element.addEventListener('scroll', scrolled, { passive: true })
    measure()
    return () => {
      observer.disconnect()
      clearTimeout(timer)
      element.removeEventListener('scroll', scrolled)
    }
  }, [])
  useLayoutEffect(tell, [rows, size.height])

  // A wheel with Ctrl zooms about the pointer. Not by JSX, as the page must be able to keep it.
  const wheel = useRef<(event: WheelEvent) => void>(() => {})
  wheel.current = event => {
    if (!event.ctrlKey && !event.metaKey) return
    event.preventDefault()
    const x = event.clientX - box.current!.getBoundingClientRect().left
    const at = range.from + ((x - nameWidth) / Math.max(1, timeEnd - nameWidth)) * (range.to - range.from)
    props.onRange(zoomed(range, Math.exp(event.deltaY / 300), at))
  }
  useEffect(() => {
    const element = box.current!
    const listener = (event: WheelEvent) => wheel.current(event)
    element.addEventListener('wheel', listener, { passive: false })
    return () => element.removeEventListener('wheel', listener)
  }, [])

  // The keys work at once, and again when the details are closed.
  useEffect(() => {
    if (!props.open) box.current!.focus({ preventScroll: true })
  }, [props.open])

  const place = placeOf(rows, selected)
  useLayoutEffect(() => {
    const top = topPlace()
    if (place < top) scrollTo(place)
    else if (place + 1 > top + inSight) scrollTo(place + 1 - inSight)
    tell()
  }, [place, size.height])

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target !== box.current) return
    const page = Math.max(1, Math.floor(inSight) - 1)
    const parent = layout.end[selected]! > selected + 1
    const isFolded = folded.has(layout.span[selected]!)
    const goTo = (target: number) => props.onSelect(rows[Math.min(Math.max(target, 0), rows.length - 1)]!)
    switch (event.key) {
      case 'ArrowDown':
      case 'j':
        goTo(place + 1)
        break
      case 'ArrowUp':
      case 'k':
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
        if (parent && isFolded) props.onFold(selected, false)
        else if (parent) goTo(place + 1)
        break
      case 'ArrowLeft':
        if (parent && !isFolded) props.onFold(selected, true)
        else if (layout.parent[selected]! >= rows[0]!) props.onSelect(layout.parent[selected]!)
        break
      case 'Enter':
      case ' ':
        props.onToggle(selected)
        break
      default:
        return
    }
    event.preventDefault()
    event.stopPropagation()
  }

  const rowAt = (event: MouseEvent) => {
    const y = event.clientY - box.current!.getBoundingClientRect().top
    return rows[Math.floor(topPlace() + y / rowHeight)]
  }
  const onClick = (event: MouseEvent) => {
    // A click that was not made with a pointer names its row.
    const named = (event.target as HTMLElement).closest<HTMLElement>('[data-row]')?.dataset['row']
    const row = event.detail === 0 && named !== undefined ? Number(named) : rowAt(event)
    if (row === undefined) return
    const x = event.clientX - box.current!.getBoundingClientRect().left
    const chevron = indentOf({ step, topDepth: props.topDepth }, layout.depth[row]!)
    if (event.detail > 0 && layout.end[row]! > row + 1 && x >= chevron - 2 && x < chevron + FOLD_WIDTH) {
      props.onFold(row, !folded.has(layout.span[row]!))
      box.current!.focus({ preventScroll: true })
    } else props.onOpen(row)
  }
  const hover = (row: number) => {
    if (hovered.current === row) return
    hovered.current = row
    draw()
  }

  return (
    <div class="waterfall" style={{ '--name': `${nameWidth}px`, '--duration': `${size.width - timeEnd}px` }}>
      <Ruler ticks={ticks} range={range} share={share} width={size.width} onShare={setNameShare} onRange={props.onRange} />
      <div
        class="rows"
        ref={box}
        tabIndex={0}
        role="tree"
        aria-label="Spans"
        aria-activedescendant={`span-${selected}`}
        onKeyDown={onKeyDown}
        onClick={onClick}
        onPointerMove={event => hover(event.pointerType === 'touch' ? -1 : (rowAt(event) ?? -1))}
        onPointerLeave={() => hover(-1)}
        onFocus={() => setFocused(box.current!.matches(':focus-visible'))}
        onBlur={() => setFocused(false)}
      >
        <div class="rows-sheet" role="presentation">
          <canvas ref={canvas} aria-hidden="true" style={{ width: `${size.width}px`, height: `${size.height}px` }} />
          <div class="rows-told" role="presentation">{tellRows()}</div>
        </div>
        <div role="presentation" style={{ height: `${Math.max(0, tall - size.height)}px` }} />
      </div>
    </div>
  )

  function tellRows() {
    const list = []
    const top = box.current ? topPlace() : 0
    for (let at = told.first; at < Math.min(rows.length, told.first + told.count); at++) {
      const row = rows[at]!
      const parent = layout.end[row]! > row + 1
      list.push(
        <div
          key={row}
          id={`span-${row}`}
          role="treeitem"
          data-row={row}
          aria-level={layout.depth[row]! - props.topDepth + 1}
          aria-expanded={parent ? !folded.has(layout.span[row]!) : undefined}
          aria-selected={row === selected}
          style={{ top: `${Math.round((at - top) * rowHeight)}px`, height: `${rowHeight}px` }}
          title={titleOf(row)}
        >
          {textOf(row)}
        </div>,
      )
    }
    return list
  }

  function titleOf(row: number): string {
    return `${props.services[layout.service[row]!]}\n${props.names[layout.name[row]!]!.slice(0, 500)}`
  }

  function textOf(row: number): string {
    const flags = layout.flags[row]!
    const parts = [`${props.services[layout.service[row]!]} ${props.names[layout.name[row]!]!.slice(0, 500)}`]
    const kind = KINDS[layout.kind[row]!]
    if (kind) parts.push(kind)
    parts.push(formatDuration(layout.duration[row]! / 1000))
    if ((flags & ERROR) !== 0) parts.push('Error')
    if ((flags & NO_PARENT) !== 0) parts.push('parent missing')
    if (props.critical && layout.criticalStart[row + 1]! > layout.criticalStart[row]!) parts.push('on the critical path')
    if (folded.has(layout.span[row]!)) {
      parts.push(`${plural(layout.end[row]! - row - 1, 'span')} folded, ${plural(errorsBelow(layout, row), 'error')} among them`)
    }
    if (props.found.has(row)) parts.push('found')
    return parts.join(', ')
  }
}

/** A range so much larger, with one time where it was. */
export function zoomed(range: TimeRange, factor: number, at = (range.from + range.to) / 2): TimeRange {
  return { from: at - (at - range.from) * factor, to: at + (range.to - at) * factor }
}

