import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { getFigures } from '../features'
import { formatDuration, formatTime, plural } from '../format'
import { useLoad } from '../load'
import { go } from '../router'
import { bars, durationAxis, durationText, linear, logarithmic, stepMinutes, timeTicks } from './plot'
import { isoTime, type QueryTime, type SearchQuery } from './query'
import type { TraceSummary } from './results'
import { durationOf } from './ResultRow'

interface TimePlotProps {
  query: SearchQuery
  traces: TraceSummary[]
  /** The time that is searched, in microseconds. */
  start: number
  end: number
  /** Changes when the search is asked anew. */
  visit: number
  onNarrow: (time: QueryTime, durations?: { min: string; max: string }) => void
}

const LEFT = 58
const RIGHT = 8
const TRAFFIC = 44
const SCATTER = 132
const AXIS = 20

/** Traffic over time, and the traces that were found as points of duration over time. Both can be drawn on to search within. */
export function TimePlot({ query, traces, start, end, visit, onNarrow }: TimePlotProps) {
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(800)
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => setWidth(Math.max(240, box.current!.clientWidth)))
    observer.observe(box.current!)
    return () => observer.disconnect()
  }, [])
  const across = width - LEFT - RIGHT
  const time = linear(start, end, across)
  const scale = useMemo(() => durationAxis(traces.map(trace => trace.duration)), [traces])
  const height = logarithmic(scale.from, scale.to, SCATTER - 16)
  const ticks = timeTicks(start, end, Math.max(2, Math.floor(across / 110)))
  const withDays = end - start > 20 * 3600e6

  return (
    <figure class="plot" ref={box}>
      <Traffic query={query} start={start} end={end} visit={visit} width={width} onNarrow={onNarrow} />
      <Area
        class="scatter"
        height={SCATTER}
        width={width}
        label={`${plural(traces.length, 'trace')} by time and duration. Draw a box to search within it.`}
        onBox={(left, right, top, bottom) =>
          onNarrow(
            { start: time.value(left), end: time.value(right) },
            { min: durationText(height.value(bottom - 8)), max: durationText(height.value(top - 8)) },
          )
        }
      >
        {scale.ticks.map(tick => (
          <g key={tick}>
            <line class="grid" x1={LEFT} x2={width - RIGHT} y1={8 + height.place(tick)} y2={8 + height.place(tick)} />
            <text class="tick" x={LEFT - 8} y={12 + height.place(tick)} text-anchor="end">
              {formatDuration(tick)}
            </text>
          </g>
        ))}
        {[...traces]
          .sort((a, b) => Number(a.errors > 0) - Number(b.errors > 0))
          .map(trace => {
            const x = LEFT + time.place(trace.start)
            const y = 8 + height.place(Math.max(trace.duration, scale.from))
            const title = `${trace.service ?? 'root not received'} ${(trace.operation ?? '').slice(0, 100)}\n${durationOf(trace)}, ${plural(trace.spans, 'span')}${trace.errors > 0 ? `, ${plural(trace.errors, 'error')}` : ''}\n${formatTime(trace.start)}`
            const open = () => go(`/trace/${trace.id}`)
            return trace.errors > 0 ? (
              <path key={trace.id} class="point failed" d={`M${x - 4} ${y - 4}l8 8m0 -8l-8 8`} onClick={open}>
                <title>{title}</title>
              </path>
            ) : (
              <circle key={trace.id} class="point" cx={x} cy={y} r={Math.min(7, 2.5 + Math.log10(trace.spans))} onClick={open}>
                <title>{title}</title>
              </circle>
            )
          })}
      </Area>
      <svg width={width} height={AXIS} aria-hidden="true">
        {ticks.map(tick => (
          <text key={tick} class="tick" x={LEFT + time.place(tick)} y={13} text-anchor="middle">
            {formatTime(tick).slice(withDays ? 5 : 11, end - start < 300e6 ? 19 : 16)}
          </text>
        ))}
      </svg>
    </figure>
  )
}

interface TrafficProps {
  query: SearchQuery
  start: number
  end: number
  visit: number
  width: number
  onNarrow: (time: QueryTime) => void
}

/** Calls and errors of the service over time, from the figures that count every trace, stored or not. */
function Traffic({ query, start, end, visit, width, onNarrow }: TrafficProps) {
  const step = stepMinutes(start, end)
  const asked = new URLSearchParams({ start: isoTime(start), end: isoTime(end), step: `${step}m` })
  if (query.mode === 'form' && query.service) asked.set('service', query.service)
  else asked.set('kind', 'server')
  if (query.mode === 'form' && query.operation) asked.set('operation', query.operation)
  const load = useLoad(`${visit} ${asked}`, async signal =>
    bars(await getFigures<Parameters<typeof bars>[0]>(`/v1/red?${asked}`, signal)),
  )
  const across = width - LEFT - RIGHT
  const time = linear(start, end, across)
  const list = (load.value ?? []).filter(bar => bar.time + step * 60e6 > start && bar.time < end)
  if (load.failure || (load.value && list.length === 0)) return null
  const most = list.reduce((max, bar) => Math.max(max, bar.calls), 1)
  const tall = (calls: number) => (calls / most) * (TRAFFIC - 10)
  const of = query.mode === 'form' && query.service ? query.service : 'all servers'
  return (
    <Area
      class="traffic"
      height={TRAFFIC}
      width={width}
      label={`Calls of ${of} over time, stored or not. Draw over a part to search within it.`}
      onBox={(left, right) => onNarrow({ start: time.value(left), end: time.value(right) })}
    >
      <text class="tick" x={LEFT - 8} y={14} text-anchor="end">
        {compact(most / (step * 60))}/s
      </text>
      {list.map(bar => {
        const x = LEFT + Math.max(0, time.place(bar.time))
        const wide = Math.max(1, LEFT + Math.min(across, time.place(bar.time + step * 60e6)) - x - 1)
        const failed = bar.errors > 0 ? Math.max(2, tall(bar.errors)) : 0
        return (
          <g key={bar.time}>
            <title>
              {formatTime(bar.time).slice(0, 16)}: {Math.round(bar.calls).toLocaleString('en')} calls,{' '}
              {Math.round(bar.errors).toLocaleString('en')} failed
            </title>
            <rect class="calls" x={x} y={TRAFFIC - tall(bar.calls)} width={wide} height={Math.max(0, tall(bar.calls) - failed)} />
            <rect class="failures" x={x} y={TRAFFIC - failed} width={wide} height={failed} />
          </g>
        )
      })}
    </Area>
  )
}

function compact(number: number): string {
  return number >= 1000 ? `${Number((number / 1000).toPrecision(2))}k` : String(Number(number.toPrecision(2)))
}

interface AreaProps {
  class: string
  width: number
  height: number
  label: string
  /** Told of a box that was drawn, in places from the left and the top of the plot. */
  onBox: (left: number, right: number, top: number, bottom: number) => void
  children: preact.ComponentChildren
}

/** A drawing on which a box can be drawn. */
function Area({ class: name, width, height, label, onBox, children }: AreaProps) {
  const [drag, setDrag] = useState<{ x: number; y: number; toX: number; toY: number } | undefined>(undefined)
  const at = (event: PointerEvent) => {
    const { left, top } = (event.currentTarget as SVGElement).getBoundingClientRect()
    return {
      x: Math.min(width - RIGHT, Math.max(LEFT, event.clientX - left)),
      y: Math.min(height, Math.max(0, event.clientY - top)),
    }
  }
  const flat = name === 'traffic'
  const finish = (event: PointerEvent) => {
    if (drag && Math.abs(drag.toX - drag.x) > 5) {
      event.preventDefault()
      onBox(
        Math.min(drag.x, drag.toX) - LEFT,
        Math.max(drag.x, drag.toX) - LEFT,
        Math.min(drag.y, drag.toY),
        Math.max(drag.y, drag.toY),
      )
    }
    setDrag(undefined)
  }
  return (
    <svg
      class={name}
      width={width}
      height={height}
      role="img"
      aria-label={label}
      onPointerDown={event => {
        if (event.button !== 0 || event.pointerType === 'touch') return
        const { x, y } = at(event)
        setDrag({ x, y, toX: x, toY: y })
      }}
      onPointerMove={event => {
        if (!drag) return
        const { x, y } = at(event)
        // Only now, or a click on a point would never reach it.
        if (Math.abs(x - drag.x) > 5) event.currentTarget.setPointerCapture(event.pointerId)
        setDrag({ ...drag, toX: x, toY: y })
      }}
      onPointerUp={finish}
      onPointerCancel={() => setDrag(undefined)}
    >
      {children}
      {drag && Math.abs(drag.toX - drag.x) > 5 && (
        <rect
          class="drawn"
          x={Math.min(drag.x, drag.toX)}
          y={flat ? 0 : Math.min(drag.y, drag.toY)}
          width={Math.abs(drag.toX - drag.x)}
          height={flat ? height : Math.abs(drag.toY - drag.y)}
        />
      )}
    </svg>
  )
}
