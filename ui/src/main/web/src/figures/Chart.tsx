import { useEffect, useRef, useState } from 'preact/hooks'
import { linePath, timeLabel, timeTicks, valueTicks } from './scale'

export interface ChartSeries {
  label: string
  /** A colour of the style sheet, such as var(--s0). */
  colour: string
  /** Drawn with strokes of this pattern, so that colour does not have to tell lines apart. */
  dash?: string
  /** By point; undefined where there is none. */
  values: (number | undefined)[]
  /** Filled down to the axis. */
  area?: boolean
}

interface ChartProps {
  title: string
  start: number
  end: number
  /** Where each point's interval begins, in milliseconds. */
  times: number[]
  /** How long each interval is. */
  step: number
  series: ChartSeries[]
  format: (value: number) => string
  /** Where the traces of an interval are. */
  onOpen: (from: number, to: number) => void
  /** What opening leads to, for those who hear it. */
  opens: string
}

const HEIGHT = 190
const LEFT = 58
const RIGHT = 12
const TOP = 12
const BOTTOM = 24

/**
 * Lines over time. Each point is an interval that can be opened: by a click, or with the arrow keys, which move
 * through the intervals, and Enter.
 */
export function Chart({ title, start, end, times, step, series, format, onOpen, opens }: ChartProps) {
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(600)
  const [at, setAt] = useState<number>()
  useEffect(() => {
    const watch = new ResizeObserver(entries => setWidth(Math.max(240, entries[0]!.contentRect.width)))
    watch.observe(box.current!)
    return () => watch.disconnect()
  }, [])

  const most = Math.max(0, ...series.flatMap(one => one.values.map(value => value ?? 0)))
  const ticks = valueTicks(most, 4)
  const top = Math.max(ticks.at(-1)!, Number.MIN_VALUE)
  const x = (millis: number) => LEFT + ((millis - start) / (end - start)) * (width - LEFT - RIGHT)
  const y = (value: number) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM)
  const middle = (index: number) => Math.min(end, Math.max(start, times[index]! + step / 2))
  const chosen = at !== undefined && at < times.length ? at : undefined

  const nearest = (event: MouseEvent) => {
    const millis =
      start + ((event.clientX - box.current!.getBoundingClientRect().left - LEFT) / (width - LEFT - RIGHT)) * (end - start)
    let best = 0
    for (let i = 1; i < times.length; i++) {
      if (Math.abs(middle(i) - millis) < Math.abs(middle(best) - millis)) best = i
    }
    return times.length === 0 ? undefined : best
  }
  const open = (index: number | undefined) => {
    if (index !== undefined) onOpen(times[index]!, times[index]! + step)
  }
  const steer = (event: KeyboardEvent) => {
    const last = times.length - 1
    if (last < 0) return
    const next: Record<string, number> = {
      ArrowRight: chosen === undefined ? 0 : Math.min(last, chosen + 1),
      ArrowLeft: chosen === undefined ? last : Math.max(0, chosen - 1),
      Home: 0,
      End: last,
    }
    if (event.key in next) {
      event.preventDefault()
      setAt(next[event.key])
    } else if (event.key === 'Enter' && chosen !== undefined) {
      event.preventDefault()
      open(chosen)
    } else if (event.key === 'Escape') {
      setAt(undefined)
    }
  }
  const words = (index: number) =>
    `${timeLabel(times[index]!, start, end)}: ${series
      .map(one => `${one.label} ${one.values[index] === undefined ? 'none' : format(one.values[index]!)}`)
      .join(', ')}`

  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        <span class="chart-legend">
          {series.map(one => (
            <span key={one.label}>
              <svg viewBox="0 0 18 8" width="18" height="8" aria-hidden="true">
                <line x1="0" x2="18" y1="4" y2="4" stroke={one.colour} stroke-width="2.4" stroke-dasharray={one.dash} />
              </svg>
              {one.label}
              {chosen !== undefined && (
                <b>{one.values[chosen] === undefined ? '–' : format(one.values[chosen]!)}</b>
              )}
            </span>
          ))}
        </span>
      </figcaption>
      <div
        class="chart-box"
        ref={box}
        role="application"
        tabIndex={0}
        aria-label={`${title} over time. Arrow keys move, Enter opens ${opens} of the interval.`}
        onKeyDown={steer}
        onBlur={() => setAt(undefined)}
        onMouseMove={event => setAt(nearest(event))}
        onMouseLeave={() => setAt(undefined)}
        onClick={event => open(nearest(event))}
      >
        <svg width={width} height={HEIGHT} aria-hidden="true">
          {ticks.map(tick => (
            <g key={tick}>
              <line class="chart-grid" x1={LEFT} x2={width - RIGHT} y1={y(tick)} y2={y(tick)} />
              <text class="chart-mark" x={LEFT - 8} y={y(tick) + 4} text-anchor="end">
                {format(tick)}
              </text>
            </g>
          ))}
          {timeTicks(start, end, Math.max(2, Math.floor(width / 90))).filter(tick => x(tick) < width - 18).map(tick => (
            <text key={tick} class="chart-mark" x={x(tick)} y={HEIGHT - 6} text-anchor="middle">
              {timeLabel(tick, start, end)}
            </text>
          ))}
          {chosen !== undefined && (
            <rect
              class="chart-interval"
              x={Math.max(LEFT, x(times[chosen]!))}
              y={TOP}
              width={Math.max(2, Math.min(width - RIGHT, x(times[chosen]! + step)) - Math.max(LEFT, x(times[chosen]!)))}
              height={HEIGHT - TOP - BOTTOM}
            />
          )}
          {series.map(one => {
            const points = one.values.map(
              (value, i) => [x(middle(i)), value === undefined ? undefined : y(value)] as const,
            )
            return (
              <g key={one.label}>
                {one.area && areaPath(points, y(0)) !== '' && (
                  <path d={areaPath(points, y(0))} fill={one.colour} class="chart-area" />
                )}
                <path d={linePath(points)} fill="none" stroke={one.colour} stroke-width="2" stroke-dasharray={one.dash} />
                {points.map(
                  ([px, py], i) =>
                    py !== undefined &&
                    (i === chosen || isAlone(one.values, i) || times.length <= 30) && (
                      <circle key={i} cx={px} cy={py} r={i === chosen ? 4 : 2.2} fill={one.colour} />
                    ),
                )}
              </g>
            )
          })}
        </svg>
        {times.length === 0 && <p class="chart-none">Nothing came in.</p>}
      </div>
      <p class="unseen" role="status">
        {chosen === undefined ? '' : words(chosen)}
      </p>
    </figure>
  )
}

/** A point that no line leads to. */
function isAlone(values: (number | undefined)[], i: number): boolean {
  return values[i - 1] === undefined && values[i + 1] === undefined
}

function areaPath(points: (readonly [number, number | undefined])[], floor: number): string {
  let path = ''
  let run: (readonly [number, number])[] = []
  const close = () => {
    if (run.length > 1) path += `${linePath(run)}L${run.at(-1)![0]} ${floor}L${run[0]![0]} ${floor}Z`
    run = []
  }
  for (const [x, y] of points) {
    if (y === undefined) close()
    else run.push([x, y])
  }
  close()
  return path
}
