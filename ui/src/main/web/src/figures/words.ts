// Counts, rates and shares as people read them. Durations are in ../format.

const NONE = '–'

/** A count in three figures: 842, 12.3 k, 4.56 M. */
export function formatCount(count: number | undefined): string {
  if (count === undefined) return NONE
  const size = Math.abs(count)
  if (size < 1_000) return trim(count, size < 10 && !Number.isInteger(count) ? 1 : 0)
  for (const [unit, name] of [[1e3, 'k'], [1e6, 'M'], [1e9, 'G']] as const) {
    if (size < 999.5 * unit) return `${three(count / unit)} ${name}`
  }
  return `${three(count / 1e12)} T`
}

/** So many in a second: 0.02/s, 4.5/s, 12.3 k/s. */
export function formatRate(perSecond: number | undefined): string {
  if (perSecond === undefined) return NONE
  if (perSecond === 0) return '0/s'
  if (perSecond < 0.01) return '<0.01/s'
  return perSecond < 1_000 ? `${three(perSecond)}/s` : `${formatCount(perSecond)}/s`
}

/** A share of 1 as a percentage: 0 %, <0.1 %, 2.5 %, 100 %. */
export function formatShare(share: number | undefined): string {
  if (share === undefined || Number.isNaN(share)) return NONE
  const percent = share * 100
  if (percent > 0 && percent < 0.1) return '<0.1 %'
  if (percent < 100 && percent > 99.9) return '>99.9 %'
  return `${trim(percent, Math.abs(percent) < 10 ? 1 : 0)} %`
}

export function formatBytes(bytes: number | undefined): string {
  if (bytes === undefined) return NONE
  if (bytes < 1_024) return `${Math.round(bytes)} B`
  for (const [unit, name] of [[2 ** 10, 'KiB'], [2 ** 20, 'MiB'], [2 ** 30, 'GiB']] as const) {
    if (bytes < 999.5 * unit) return `${three(bytes / unit)} ${name}`
  }
  return `${three(bytes / 2 ** 40)} TiB`
}

/** All figures of a number: 1,234,567. */
export function formatExact(count: number | undefined): string {
  return count === undefined ? NONE : count.toLocaleString('en', { maximumFractionDigits: 1 })
}

/** A part of a whole; undefined where there is no whole. */
export function shareOf(part: number, whole: number): number | undefined {
  return whole > 0 ? part / whole : undefined
}

function three(value: number): string {
  const size = Math.abs(value)
  return trim(value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0)
}

function trim(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)))
}
