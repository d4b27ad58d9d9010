import { formatDuration } from '../format'

interface RulerProps {
  ticks: number[]
  duration: number
  /** The name column's share of the width. */
  share: number
  onShare: (share: number) => void
}

const MIN = 0.15
const MAX = 0.75

export function Ruler({ ticks, duration, share, onShare }: RulerProps) {
  const set = (value: number) => onShare(Math.min(MAX, Math.max(MIN, value)))
  const drag = (event: PointerEvent) => {
    const handle = event.currentTarget as HTMLElement
    if (!handle.hasPointerCapture(event.pointerId)) return
    const box = handle.closest('.waterfall')!
    const { left } = box.getBoundingClientRect()
    set((event.clientX - left) / box.clientWidth)
  }
  const nudge = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return
    event.preventDefault()
    event.stopPropagation()
    set(share + (event.key === 'ArrowLeft' ? -0.02 : 0.02))
  }
  return (
    <div class="ruler" role="presentation">
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
        onPointerMove={drag}
        onKeyDown={nudge}
      />
      <div class="ruler-scale" aria-hidden="true">
        {ticks.map(time => {
          const at = duration === 0 ? 0 : (100 * time) / duration
          return (
            <span key={time} class={at > 92 ? 'last' : undefined} style={{ left: `${at}%` }}>
              {time === 0 ? '0' : formatDuration(time)}
            </span>
          )
        })}
      </div>
      <span class="ruler-duration">Duration</span>
    </div>
  )
}
