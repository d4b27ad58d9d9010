import { expect, test } from 'vitest'
import { fromUrl, parseTags, problemOf, toApi, toUrl, type SearchQuery } from '../src/search/query'

const QUERY: SearchQuery = {
  service: 'checkout & pay',
  operation: 'GET /cart?x=1',
  tags: 'error=true user="a b"',
  minDuration: '100ms',
  maxDuration: '',
  lookback: '6h',
  limit: 50,
}

test('a query survives the URL', () => {
  const url = new URL(toUrl(QUERY), 'http://localhost')

  expect(fromUrl(url.searchParams)).toEqual(QUERY)
})

test('nonsense in the URL falls back on the defaults', () => {
  expect(fromUrl(new URLSearchParams('limit=-3&lookback=forever'))).toMatchObject({ limit: 20, lookback: '1h', service: '' })
})

test('the API is asked in microseconds, with tags as one JSON map', () => {
  const api = toApi(QUERY, 100_000e6)

  expect(Object.fromEntries(api)).toEqual({
    service: 'checkout & pay',
    operation: 'GET /cart?x=1',
    tags: '{"error":"true","user":"a b"}',
    minDuration: '100ms',
    start: String(100_000e6 - 6 * 3600e6),
    end: String(100_000e6),
    limit: '50',
  })
})

test.each([
  ['', {}],
  ['error=true', { error: 'true' }],
  ['  a=1   b="two words" ', { a: '1', b: 'two words' }],
  [String.raw`sql="select \"x\" \\ y"`, { sql: String.raw`select "x" \ y` }],
  ['url=http://x/?a=b', { url: 'http://x/?a=b' }],
  ['empty=', { empty: '' }],
])('the tags %s', (text, tags) => {
  expect(parseTags(text)).toEqual(tags)
})

test.each(['error', '=x', 'a="open', 'a="b"c', 'a=1 b'])('the tags %s are refused', text => {
  expect(problemOf({ ...QUERY, tags: text })).toMatch(/^tags: .*expected: key=value/)
})

test('durations that cannot be are refused', () => {
  expect(problemOf({ ...QUERY, minDuration: 'slow' })).toBe('min duration: slow (expected: such as 250ms or 1.5s)')
  expect(problemOf({ ...QUERY, maxDuration: '1ms' })).toMatch(/^min duration: 100ms/)
  expect(problemOf(QUERY)).toBeUndefined()
})
