import { expect, test } from 'vitest'
import { formatAge, formatBytes, formatDuration, formatShare, parseDuration, readTraceId } from '../src/format'

test.each([
  [0, '0 µs'],
  [850, '850 µs'],
  [1_234, '1.23 ms'],
  [38_500, '38.5 ms'],
  [999_400, '999 ms'],
  [999_600, '1 s'],
  [1_840_000, '1.84 s'],
  [59_990_000, '1m'],
  [72_000_000, '1m 12s'],
  [3_600_000_000, '1h'],
  [90_000_000_000, '1d 1h'],
  [-1_500, '−1.5 ms'],
])('%d µs reads %s', (micros, text) => {
  expect(formatDuration(micros)).toBe(text)
})

test.each([
  ['250ms', 250_000],
  ['1.5s', 1_500_000],
  ['1m30s', 90_000_000],
  ['7us', 7],
  ['10', undefined],
  ['fast', undefined],
  ['1s later', undefined],
])('the duration %s is %s µs', (text, micros) => {
  expect(parseDuration(text)).toBe(micros)
})

test('an age is told in its largest unit', () => {
  const ages = [2e6, 42e6, 5 * 60e6, 3 * 3600e6, 72 * 3600e6].map(age => formatAge(0, age))

  expect(ages).toEqual(['just now', '42 s ago', '5 min ago', '3 h ago', '3 days ago'])
})

test('shares have so many digits as say something', () => {
  expect([formatShare(1, 3), formatShare(1, 10_000), formatShare(0, 5), formatShare(2, 2)]).toEqual([
    '33.3%',
    'below 0.1%',
    '0%',
    '100%',
  ])
})

test('bytes have a unit', () => {
  expect([formatBytes(12), formatBytes(2_340), formatBytes(12_300_000)]).toEqual(['12 B', '2.34 kB', '12.3 MB'])
})

test.each([
  ['  4BF92F3577B34DA6A3CE929D0E0E4736 ', '4bf92f3577b34da6a3ce929d0e0e4736'],
  ['http://traces.example/trace/abc123?span=9', 'abc123'],
  ['4bf92f35-77b3-4da6-a3ce-929d0e0e4736', '4bf92f3577b34da6a3ce929d0e0e4736'],
  ['', undefined],
  ['frontend', undefined],
  ['0'.repeat(33), undefined],
])('the trace id in "%s" is %s', (text, id) => {
  expect(readTraceId(text)).toBe(id)
})
