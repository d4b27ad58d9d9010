import { useRef, useState } from 'preact/hooks'
import { formatTick } from '../format'
import type { TimeRange } from './time'

interface RulerProps {
  ticks: readonly number[]
  range: TimeRange
  /** The name column's share of the width. */
  share: number
  /** Of the rows below, which may have a scroll bar beside them. */
  width: number
  onShare: (share: number) => void
  onRange: (range: TimeRange) => void
}

const MIN = 0.15
const MAX = 0.75

/** In percent of the width: a label to the right of it would not have room. */
const LAST_LABEL = 92

/** The scale above the rows; what is dragged over on it fills the width. */
export function Ruler({ ticks, range, share, width, onShare, onRange }: RulerProps) {
  const box = useRef<HTMLDivElement>(null)
  const [drag, setDrag] = useState<{ from: number; to: number } | undefined>(undefined)
  const set = (value: number) => onShare(Math.min(MAX, Math.max(MIN, value)))
  const move = (event: PointerEvent) => {
    if (!(event.currentTarget as HTMLElement).hasPointerCapture(event.pointerId)) return
    set((event.clientX - box.current!.getBoundingClientRect().left) / width)
  }
  const nudge = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return
    event.preventDefault()
    event.stopPropagation()
    set(share + (event.key === 'ArrowLeft' ? -0.02 : 0.02))
  }
  const shareAt = (event: PointerEvent) => {
    const { left, width: wide } = (event.currentTarget as HTMLElement).getBoundingClientRect()
    return Math.min(1, Math.max(0, (event.clientX - left) / Math.max(1, wide)))
  }
  const finish = () => {
    if (drag && Math.abs(drag.to - drag.from) > 0.01) {
      const length = range.to - range.from
      const [from, to] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)]
      onRange({ from: range.from + from * length, to: range.from + to * length })
    }
    setDrag(undefined)
  }
  return (
    <div class="ruler" role="presentation" ref={box} style={{ width: `${width}px` }}>
      <span class="ruler-name">Service and operation</span>
      <div
        class="splitter"
        role="separator"
        aria-label="Width of the name column"
        aria-orientation="vertical"
        aria-valuemin={MIN * 100}
        aria-valuemax={MAX * 100}
        aria-valuenow={Math.round(share * 100)}
        tabIndex={0}
        onPointerDown={event => {
          event.preventDefault()
          event.currentTarget.setPointerCapture(event.pointerId)
        }}
        onPointerMove={move}
        onKeyDown={nudge}
      />
      <div
        class="ruler-scale"
        aria-hidden="true"
        onPointerDown={event => {
          if (event.button !== 0) return
          event.currentTarget.setPointerCapture(event.pointerId)
          const at = shareAt(event)
          setDrag({ from: at, to: at })
        }}
        onPointerMove={event => drag && setDrag({ ...drag, to: shareAt(event) })}
        onPointerUp={finish}
        onPointerCancel={() => setDrag(undefined)}
      >
        {ticks.map(time => {
          const at = (100 * (time - range.from)) / Math.max(1, range.to - range.from)
          return (
            <span key={time} style={{ left: `${at}%` }}>
              {at <= LAST_LABEL && formatTick(time)}
            </span>
          )
        })}
        {drag && (
          <i
            class="ruler-drag"
            style={{ left: `${100 * Math.min(drag.from, drag.to)}%`, width: `${100 * Math.abs(drag.to - drag.from)}%` }}
          />
        )}
      </div>
      <span class="ruler-duration">Duration</span>
    </div>
  )
}
