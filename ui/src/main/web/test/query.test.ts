import { describe, expect, test } from 'vitest'
import {
  asTraceql,
  fromUrl,
  lookbackMicros,
  parseTags,
  parseTime,
  problemOf,
  searchPath,
  toUrl,
  traceqlPath,
  type SearchQuery,
} from '../src/search/query'

const QUERY: SearchQuery = {
  mode: 'form',
  traceql: '',
  service: 'checkout & pay',
  operation: 'GET /cart?x=1',
  errors: true,
  attributes: [
    { key: 'user', value: 'a b' },
    { key: 'url', value: 'http://x/?a=b' },
  ],
  minDuration: '100ms',
  maxDuration: '',
  time: { lookback: '6h' },
  limit: 20,
  order: 'longest',
  against: 'service=other&minDuration=1s',
}

function reread(query: SearchQuery): SearchQuery {
  return fromUrl(new URL(toUrl(query), 'http://localhost').searchParams)
}

describe('a query', () => {
  test('survives the address', () => {
    expect(reread(QUERY)).toEqual(QUERY)
    const absolute = { ...QUERY, time: { start: 1_795_230_000_123_000, end: 1_795_230_060_000_000 } }
    expect(reread(absolute)).toEqual(absolute)
    const typed: SearchQuery = {
      ...fromUrl(new URLSearchParams()),
      mode: 'traceql',
      traceql: '{ name = "a" && duration > 1s }',
    }
    expect(reread(typed)).toEqual(typed)
  })

  test('of nonsense falls back on the defaults, which need no words', () => {
    const query = fromUrl(new URLSearchParams('limit=-3&lookback=forever&start=x&end=y&order=odd'))

    expect(query).toMatchObject({ limit: 50, time: { lookback: '1h' }, order: 'newest', service: '' })
    expect(toUrl(query)).toBe('/search')
  })

  test('is read from Jaeger’s links', () => {
    const query = fromUrl(
      new URLSearchParams(
        'end=1795230060000000&limit=20&lookback=custom&maxDuration&minDuration=5ms&operation=all&service=frontend' +
          '&start=1795230000000000&tags=%7B%22error%22%3A%22true%22%2C%22http.status_code%22%3A%22500%22%7D&tag=a:b:c',
      ),
    )

    expect(query).toMatchObject({
      service: 'frontend',
      operation: '',
      errors: true,
      attributes: [
        { key: 'a', value: 'b:c' },
        { key: 'http.status_code', value: '500' },
      ],
      minDuration: '5ms',
      maxDuration: '',
      time: { start: 1_795_230_000_000_000, end: 1_795_230_060_000_000 },
      limit: 20,
    })
  })

  test('is asked in nanoseconds, page by page', () => {
    const url = new URL(searchPath(QUERY, 100_000e6, '5-ab'), 'http://localhost')

    expect(url.pathname).toBe('/v1/search')
    expect([...url.searchParams]).toEqual([
      ['service', 'checkout & pay'],
      ['operation', 'GET /cart?x=1'],
      ['status', 'error'],
      ['attribute', 'user=a b'],
      ['attribute', 'url=http://x/?a=b'],
      ['minDuration', '100ms'],
      ['start', String((100_000 - 6 * 3600) * 1e9)],
      ['end', '100000000000000'],
      ['limit', '20'],
      ['cursor', '5-ab'],
    ])
  })

  test('in TraceQL is asked in seconds', () => {
    const url = new URL(traceqlPath({ ...QUERY, traceql: '{}' }, 100_000_500_000, undefined), 'http://localhost')

    expect(Object.fromEntries(url.searchParams)).toMatchObject({ q: '{}', start: String(100_000 - 6 * 3600), end: '100001' })
  })

  test('can be put into TraceQL', () => {
    expect(asTraceql({ ...QUERY, attributes: [{ key: 'http.status_code', value: '500' }, { key: 'a b', value: '"' }] })).toBe(
      '{ resource.service.name = "checkout & pay" && name = "GET /cart?x=1" && status = error && ' +
        '(.http.status_code = 500 || .http.status_code = "500") && ."a b" = "\\"" && traceDuration >= 100ms }',
    )
    expect(asTraceql(fromUrl(new URLSearchParams()))).toBe('{ }')
  })

  test('with durations that cannot be is not asked', () => {
    expect(problemOf({ ...QUERY, minDuration: 'slow' })).toBe('min duration: slow (expected: such as 250ms or 1.5s)')
    expect(problemOf({ ...QUERY, maxDuration: '1ms' })).toMatch(/^min duration: 100ms/)
    expect(problemOf(QUERY)).toBeUndefined()
  })
})

test.each([
  ['2026-11-21T03:00:00Z', 1_795_230_000_000_000],
  ['1795230000', 1_795_230_000_000_000],
  ['1795230000000', 1_795_230_000_000_000],
  ['1795230000000000', 1_795_230_000_000_000],
  ['1795230000000000000', 1_795_230_000_000_000],
  ['yesterday', undefined],
  ['', undefined],
])('the time %s', (text, micros) => {
  expect(parseTime(text)).toBe(micros)
})

test.each([
  ['15m', 900e6],
  ['2d', 172_800e6],
  ['0h', undefined],
  ['custom', undefined],
])('looking back %s', (text, micros) => {
  expect(lookbackMicros(text)).toBe(micros)
})

test.each([
  ['error=true', [{ key: 'error', value: 'true' }]],
  [
    '  a=1   b="two words" ',
    [
      { key: 'a', value: '1' },
      { key: 'b', value: 'two words' },
    ],
  ],
  [String.raw`sql="select \"x\" \\ y"`, [{ key: 'sql', value: String.raw`select "x" \ y` }]],
  ['empty=', [{ key: 'empty', value: '' }]],
  ['error', []],
])('the tags %s', (text, tags) => {
  expect(parseTags(text)).toEqual(tags)
})
