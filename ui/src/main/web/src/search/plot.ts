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

/** The powers of ten that hold all durations between them, at least two apart. */
export function decades(durations: readonly number[]): { from: number; to: number; ticks: number[] } {
  const positive = durations.filter(duration => duration > 0)
  const least = Math.min(...(positive.length > 0 ? positive : [1000]))
  const most = Math.max(...(positive.length > 0 ? positive : [1000]))
  const low = Math.floor(Math.log10(least) + 1e-9)
  const high = Math.max(low + 1, Math.ceil(Math.log10(most) - 1e-9))
  const ticks = []
  for (let power = low; power <= high; power++) ticks.push(10 ** power)
  return { from: 10 ** low, to: 10 ** high, ticks }
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
