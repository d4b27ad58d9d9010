// Axes: round values to mark, and where in a chart they lie.

/** Round values from 0 to at least `most`, in at most `count` steps. */
export function valueTicks(most: number, count: number): number[] {
  if (!(most > 0)) return [0]
  const rough = most / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 2.5, 5, 10].map(factor => factor * power).find(one => one >= rough * 0.999_999)!
  const ticks: number[] = []
  for (let i = 0; i === 0 || ticks[i - 1]! < most; i++) ticks.push(Number((i * step).toPrecision(12)))
  return ticks
}

const MINUTE = 60_000
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 7_200, 14_400].map(n => n * MINUTE)

/** Round moments of the reader's own day between both, at most `count`. */
export function timeTicks(start: number, end: number, count: number): number[] {
  const step = STEPS.find(one => (end - start) / one <= count) ?? STEPS.at(-1)!
  const shift = new Date(start).getTimezoneOffset() * MINUTE
  const ticks: number[] = []
  for (let at = Math.ceil((start - shift) / step) * step + shift; at <= end; at += step) ticks.push(at)
  return ticks
}

/** A moment as short as the range allows: 14:05, or 22 Nov, or both. */
export function timeLabel(millis: number, start: number, end: number): string {
  const date = new Date(millis)
  const clock = `${pad(date.getHours())}:${pad(date.getMinutes())}`
  if (end - start <= 26 * 3_600_000) return clock
  const day = `${date.getDate()} ${date.toLocaleString('en', { month: 'short' })}`
  return clock === '00:00' ? day : `${day} ${clock}`
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}

/** The path of a line through points; what is undefined breaks it. */
export function linePath(points: readonly (readonly [number, number | undefined])[]): string {
  let path = ''
  let open = false
  for (const [x, y] of points) {
    if (y === undefined) {
      open = false
      continue
    }
    path += `${open ? 'L' : 'M'}${round(x)} ${round(y)}`
    open = true
  }
  return path
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
