import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { formatDuration } from '../format'
import { useTheme } from '../theme'
import { drawOverview, readPaints } from './paint'
import { clampRange, type TimeRange } from './time'
import type { Layout } from './tree'

interface MinimapProps {
  layout: Layout
  slots: readonly number[]
  /** The time and the rows it shows. */
  whole: TimeRange
  rows: { from: number; to: number }
  range: TimeRange
  onRange: (range: TimeRange) => void
}

const HEIGHT = 56

/** The trace in little, with a brush over the time that the waterfall shows. */
export function Minimap({ layout, slots, whole, rows, range, onRange }: MinimapProps) {
  const box = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const [width, setWidth] = useState(1000)
  const { dark } = useTheme()
  const paints = useMemo(readPaints, [dark])
  const length = Math.max(1, whole.to - whole.from)

  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => setWidth(box.current!.clientWidth))
    observer.observe(box.current!)
    return () => observer.disconnect()
  }, [])
  useEffect(() => {
    const element = canvas.current!
    const ratio = devicePixelRatio || 1
    element.width = Math.round(width * ratio)
    element.height = Math.round(HEIGHT * ratio)
    const context = element.getContext('2d')!
    context.setTransform(ratio, 0, 0, ratio, (-whole.from * width * ratio) / length, 0)
    context.clearRect((whole.from * width) / length, 0, width, HEIGHT)
    drawOverview(context, layout, slots, length, width, HEIGHT, paints, rows)
  }, [layout, width, paints, whole.from, length, rows.from, rows.to])

  const at = (time: number) => `${(100 * (time - whole.from)) / length}%`
  const timeAt = (event: PointerEvent) => {
    const { left, width: wide } = box.current!.getBoundingClientRect()
    return whole.from + (Math.min(1, Math.max(0, (event.clientX - left) / Math.max(1, wide))) * length)
  }
  const dragged = useRef<{ kind: 'brush' | 'from' | 'to' | 'move'; at: number; range: TimeRange } | undefined>(undefined)
  const zoomedIn = range.from > whole.from || range.to < whole.to

  const begin = (event: PointerEvent) => {
    if (event.button !== 0) return
    const handle = (event.target as HTMLElement).dataset['handle'] as 'from' | 'to' | 'move' | undefined
    box.current!.setPointerCapture(event.pointerId)
    dragged.current = { kind: handle ?? 'brush', at: timeAt(event), range }
  }
  const move = (event: PointerEvent) => {
    const drag = dragged.current
    if (!drag) return
    const time = timeAt(event)
    const least = length / 2_000
    switch (drag.kind) {
      case 'brush':
        if (Math.abs(time - drag.at) < least) return
        onRange({ from: Math.min(time, drag.at), to: Math.max(time, drag.at) })
        break
      case 'from':
        onRange({ from: Math.min(time, drag.range.to - least), to: drag.range.to })
        break
      case 'to':
        onRange({ from: drag.range.from, to: Math.max(time, drag.range.from + least) })
        break
      case 'move':
        onRange(
          clampRange({ from: drag.range.from + time - drag.at, to: drag.range.to + time - drag.at }, whole),
        )
    }
  }
  const nudge = (edge: 'from' | 'to') => (event: KeyboardEvent) => {
    const step = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0
    if (step === 0) return
    event.preventDefault()
    event.stopPropagation()
    const by = (step * length) / (event.shiftKey ? 10 : 50)
    onRange(
      edge === 'from'
        ? { from: Math.min(range.from + by, range.to - length / 1000), to: range.to }
        : { from: range.from, to: Math.max(range.to + by, range.from + length / 1000) },
    )
  }
  const handle = (edge: 'from' | 'to') => (
    <div
      class={`minimap-handle ${edge}`}
      data-handle={edge}
      role="slider"
      tabIndex={0}
      aria-label={edge === 'from' ? 'Begin of the time shown' : 'End of the time shown'}
      aria-valuemin={0}
      aria-valuemax={Math.round((whole.to - whole.from) / 1000)}
      aria-valuenow={Math.round((range[edge] - whole.from) / 1000)}
      aria-valuetext={formatDuration(range[edge] / 1000)}
      style={{ left: at(range[edge]) }}
      onKeyDown={nudge(edge)}
    />
  )
  return (
    <div
      class={zoomedIn ? 'minimap zoomed' : 'minimap'}
      ref={box}
      style={{ height: `${HEIGHT}px` }}
      onPointerDown={begin}
      onPointerMove={move}
      onPointerUp={() => (dragged.current = undefined)}
      onPointerCancel={() => (dragged.current = undefined)}
      onDblClick={() => onRange(whole)}
    >
      <canvas ref={canvas} aria-hidden="true" style={{ width: '100%', height: '100%' }} />
      <i class="minimap-out" style={{ left: 0, width: at(range.from) }} />
      <i class="minimap-out" style={{ left: at(range.to), right: 0 }} />
      {zoomedIn && (
        <i
          class="minimap-grip"
          data-handle="move"
          style={{ left: at(range.from), width: `${(100 * (range.to - range.from)) / length}%` }}
        />
      )}
      {handle('from')}
      {handle('to')}
    </div>
  )
}
