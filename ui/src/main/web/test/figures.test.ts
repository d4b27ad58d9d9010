import { describe, expect, test } from 'vitest'
import { bounds, fromField, rangeParameters, readRange, toField, urlOf } from '../src/figures/range'
import { linePath, timeLabel, timeTicks, valueTicks } from '../src/figures/scale'
import { sortRows } from '../src/figures/sort'
import { formatBytes, formatCount, formatRate, formatShare, shareOf } from '../src/figures/words'

describe('figures in words', () => {
  test.each([
    [undefined, '–'],
    [0, '0'],
    [7.25, '7.3'],
    [842, '842'],
    [12_345, '12.3 k'],
    [999_600, '1 M'],
    [4_560_000, '4.56 M'],
  ])('%s is counted as %s', (count, text) => {
    expect(formatCount(count)).toBe(text)
  })

  test('rates, shares and sizes', () => {
    expect([0, 0.004, 0.25, 4.5, 1_234].map(formatRate)).toEqual(['0/s', '<0.01/s', '0.25/s', '4.5/s', '1.23 k/s'])
    expect([0, 0.0002, 0.025, 0.5, 0.9999, 1].map(formatShare)).toEqual(['0 %', '<0.1 %', '2.5 %', '50 %', '>99.9 %', '100 %'])
    expect([500, 2_048, 5 * 2 ** 20].map(formatBytes)).toEqual(['500 B', '2 KiB', '5 MiB'])
    expect(formatShare(shareOf(1, 0))).toBe('–')
  })
})

describe('a range of time', () => {
  const now = Date.parse('2026-11-21T12:00:00Z')
  const read = (text: string) => readRange(new URLSearchParams(text), now)

  test('is the last hour, a while back, or from one moment to another', () => {
    expect(read('')).toEqual({ start: now - 3_600_000, end: now, lookback: '1h' })
    expect(read('lookback=15m').start).toBe(now - 900_000)
    expect(read('start=2026-11-21T10:00:00Z&end=2026-11-21T11:00:00Z')).toEqual({
      start: now - 7_200_000,
      end: now - 3_600_000,
      lookback: undefined,
    })
    expect(read('start=1795255200000000000&end=1795258800000000000').end).toBe(1_795_258_800_000)
  })

  test('that makes no sense is the last hour', () => {
    for (const text of ['start=x&end=y', 'start=2026-11-21T11:00:00Z&end=2026-11-21T10:00:00Z', 'lookback=99y']) {
      expect(read(text).lookback, text).toBe('1h')
    }
  })

  test('stands in the URL, and comes back from it', () => {
    for (const text of ['', 'lookback=6h', 'start=2026-11-21T10%3A00%3A00.000Z&end=2026-11-21T11%3A00%3A00.000Z']) {
      expect(urlOf('/services', rangeParameters(read(text)))).toBe(text === '' ? '/services' : `/services?${text}`)
    }
    expect(bounds(read('lookback=5m')).end).toBe('2026-11-21T12:00:00.000Z')
    expect(urlOf('/search', { service: 'a b', kind: '', status: undefined })).toBe('/search?service=a+b')
  })

  test('is typed in the reader’s own time', () => {
    expect(fromField(toField(now))).toBe(now)
    expect(fromField('never')).toBeUndefined()
  })
})

describe('axes', () => {
  test('mark round values up to the most', () => {
    expect(valueTicks(0, 4)).toEqual([0])
    expect(valueTicks(0.93, 4)).toEqual([0, 0.25, 0.5, 0.75, 1])
    expect(valueTicks(37, 4)).toEqual([0, 10, 20, 30, 40])
    expect(valueTicks(7_200, 4)).toEqual([0, 2_000, 4_000, 6_000, 8_000])
  })

  test('mark round moments', () => {
    const start = new Date(2026, 10, 21, 10, 3).getTime()
    const ticks = timeTicks(start, start + 3_600_000, 6)

    expect(ticks.map(tick => timeLabel(tick, start, start + 3_600_000))).toEqual(['10:10', '10:20', '10:30', '10:40', '10:50', '11:00'])
    expect(timeLabel(start, start, start + 7 * 86_400_000)).toBe('21 Nov 10:03')
  })

  test('lines break where nothing came in', () => {
    expect(linePath([[0, 1], [1, 2], [2, undefined], [3, 4]])).toBe('M0 1L1 2M3 4')
  })
})

test('rows are sorted, those without a value last', () => {
  const rows = [{ n: 2 }, { n: undefined }, { n: 10 }, { n: 1 }]

  expect(sortRows(rows, row => row.n, false).map(row => row.n)).toEqual([1, 2, 10, undefined])
  expect(sortRows(rows, row => row.n, true).map(row => row.n)).toEqual([10, 2, 1, undefined])
  expect(sortRows(['b', 'a'], row => row, false)).toEqual(['a', 'b'])
})
