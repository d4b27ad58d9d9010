/** A time or a duration as a place on an axis of a given length, and back. */
export interface Scale {
  place: (value: number) => number
  value: (place: number) => number
}

export function linear(from: number, to: number, length: number): Scale {
  const width = Math.max(1, to - from)
  return {
    place: value => ((value - from) / width) * length,
    value: place => from + (place / length) * width,
  }
}

/** Logarithmic, from the bottom up. */
export function logarithmic(from: number, to: number, length: number): Scale {
  const low = Math.log10(Math.max(from, 1e-3))
  const width = Math.max(1e-9, Math.log10(Math.max(to, 1e-3)) - low)
  return {
    place: value => length - ((Math.log10(Math.max(value, 1e-3)) - low) / width) * length,
    value: place => 10 ** (low + ((length - place) / length) * width),
  }
}

const MARKS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 60e6, 600e6, 3600e6, 36_000e6, 864_000e6]

/** The round durations that hold all of some between them, in microseconds. */
export function durationAxis(durations: readonly number[]): { from: number; to: number; ticks: number[] } {
  const positive = durations.filter(duration => duration > 0)
  const least = positive.length > 0 ? Math.min(...positive) : 1e3
  const most = positive.length > 0 ? Math.max(...positive) : 1e4
  const low = Math.max(0, MARKS.findLastIndex(mark => mark <= least))
  const high = MARKS.findIndex(mark => mark >= most)
  const ticks = MARKS.slice(low, Math.max(low + 2, high < 0 ? MARKS.length : high + 1))
  return { from: ticks[0]!, to: ticks.at(-1)!, ticks }
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400]

/** Round local times within a range, in microseconds, in at most so many even steps. */
export function timeTicks(start: number, end: number, count: number): number[] {
  const seconds = (end - start) / 1e6
  const step = (STEPS.find(candidate => seconds / candidate <= count) ?? Math.ceil(seconds / count / 86_400) * 86_400) * 1e6
  const offset = new Date(start / 1000).getTimezoneOffset() * 60e6
  const ticks = []
  for (let time = Math.ceil((start - offset) / step) * step + offset; time <= end; time += step) ticks.push(time)
  return ticks
}

/** Microseconds as the search takes them: three digits, and in a unit that needs no exponent. */
export function durationText(micros: number): string {
  for (const [unit, size] of [['s', 1e6], ['ms', 1e3], ['us', 1]] as const) {
    if (micros >= size) return `${Number((micros / size).toPrecision(3))}${unit}`
  }
  return `${Math.max(1, Math.round(micros * 1000))}ns`
}

/** Calls and errors in a step of time that begins at `time`, in microseconds. */
export interface Bar {
  time: number
  calls: number
  errors: number
}

interface RedAnswer {
  stepSeconds: number
  series: { points: { time: string; calls: number; errors: number }[] }[]
}

/** The points of all series added up by their time. */
export function bars(answer: RedAnswer): Bar[] {
  const byTime = new Map<number, Bar>()
  for (const { points } of answer.series) {
    for (const point of points) {
      const time = Date.parse(point.time) * 1000
      const bar = byTime.get(time)
      if (bar) {
        bar.calls += point.calls
        bar.errors += point.errors
      } else byTime.set(time, { time, calls: point.calls, errors: point.errors })
    }
  }
  return [...byTime.values()].sort((a, b) => a.time - b.time)
}

/** Whole minutes that cut a range into at most sixty. */
export function stepMinutes(start: number, end: number): number {
  return Math.max(1, Math.ceil((end - start) / 60e6 / 60))
}
