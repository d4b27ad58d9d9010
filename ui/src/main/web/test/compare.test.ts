import { describe, expect, test } from 'vitest'
import { choices } from '../src/compare/choices'
import { addTrace, attributeRows, byChance, newProfile, operationRows, type SetProfile } from '../src/compare/setDiff'
import { changeOf, diffRows, diffTraces, differs, leastNanos, summarise, type DiffRow } from '../src/compare/traceDiff'
import { readComparison, setsUrl, tracesUrl } from '../src/compare/url'
import { fromUrl } from '../src/search/query'
import type { TraceSummary } from '../src/search/results'
import { aggregate } from '../src/trace/aggregate'
import { BytesStore, ResourceSpansCutter } from '../src/trace/otlpBytes'
import { build } from '../src/trace/tree'
import { encode, type TestSpan } from './encode'

function read(spans: TestSpan[]) {
  const store = new BytesStore()
  for (const piece of new ResourceSpansCutter().push(encode(spans))) store.add(piece)
  return { store, built: build(store.table, false) }
}

function ways(spans: TestSpan[]) {
  const { built } = read(spans)
  return { root: aggregate(built.layout), services: built.facts.services, names: built.facts.names }
}

const LEFT: TestSpan[] = [
  { id: 1, name: 'GET /', start: 0, duration: 1_000 },
  { id: 2, parent: 1, name: 'read', service: 'db', start: 10, duration: 100 },
  { id: 3, parent: 1, name: 'read', service: 'db', start: 200, duration: 100 },
  { id: 4, parent: 1, name: 'cache', start: 400, duration: 50 },
  { id: 5, parent: 1, name: 'render', start: 500, duration: 200 },
]
const RIGHT: TestSpan[] = [
  { id: 11, name: 'GET /', start: 0, duration: 1_040 },
  { id: 12, parent: 11, name: 'read', service: 'db', start: 10, duration: 600, error: 'timeout' },
  { id: 15, parent: 11, name: 'render', start: 620, duration: 100 },
  { id: 16, parent: 15, name: 'read', service: 'db', start: 640, duration: 10 },
]

function said(rows: readonly DiffRow[]): string[] {
  return rows.map(({ node, change }) => `${'  '.repeat(node.depth)}${node.service} ${node.name}: ${change}`)
}

describe('two traces', () => {
  test('are matched by service, operation and the way to them', () => {
    const rows = diffRows(diffTraces(ways(LEFT), ways(RIGHT)), 'total', 5, 'all')

    expect(said(rows)).toEqual([
      'shop GET /: same',
      '  db read: slower',
      '  shop render: faster',
      '    db read: right',
      '  shop cache: left',
    ])
    expect(rows[1]!.node.left).toMatchObject({ count: 2, total: 200, errors: 0 })
    expect(rows[1]!.node.right).toMatchObject({ count: 1, total: 600, errors: 1 })
    expect(rows[1]).toMatchObject({ otherCount: true, otherErrors: true })
  })

  test('show what differs with the way to it', () => {
    const same: TestSpan[] = [...LEFT, { id: 6, parent: 4, name: 'miss', start: 410, duration: 30 }]

    const rows = diffRows(diffTraces(ways(LEFT), ways(same)), 'total', 5, 'differences')

    expect(said(rows)).toEqual(['shop GET /: same', '  shop cache: same', '    shop miss: right'])
    expect(rows.filter(differs)).toHaveLength(1)
  })

  test('that are alike have no differences', () => {
    const root = diffTraces(ways(LEFT), ways(LEFT))

    expect(diffRows(root, 'total', 5, 'differences')).toEqual([])
    expect(summarise(diffRows(root, 'total', 5, 'all'))).toEqual({ both: 5, left: 0, right: 0, slower: 0, faster: 0 })
  })

  test('are summed up in spans and in ways', () => {
    const rows = diffRows(diffTraces(ways(LEFT), ways(RIGHT)), 'total', 5, 'all')

    expect(summarise(rows)).toEqual({ both: 3, left: 2, right: 1, slower: 1, faster: 1 })
  })

  test('differ in their own time where a child took it', () => {
    const slowChild = LEFT.map(span => (span.id === 1 ? { ...span, duration: 1_600 } : span))
    slowChild[4] = { ...slowChild[4]!, duration: 800 }
    const [root] = diffRows(diffTraces(ways(LEFT), ways(slowChild)), 'total', 5, 'all')

    expect(changeOf(root!.node, 'total', 5)).toBe('slower')
    expect(changeOf(root!.node, 'self', 5)).toBe('same')
  })

  test('are not said to differ by what is small beside them', () => {
    expect(leastNanos(1e9, 2e9)).toBe(1e7)
    const [root] = diffRows(diffTraces(ways(LEFT), ways(RIGHT)), 'total', 100, 'all')
    expect(root!.change).toBe('same')
  })

  test('may be deeper than the call stack', () => {
    const deep = Array.from({ length: 12_500 }, (_, i): TestSpan => ({
      id: i + 1,
      ...(i > 0 ? { parent: i } : {}),
      name: `level ${i % 50}`,
      start: i,
      duration: 50_000 - i,
    }))

    const root = diffTraces(ways(deep), ways(deep.slice(0, 12_000)))

    expect(summarise(diffRows(root, 'total', 1e6, 'all'))).toMatchObject({ both: 12_000, left: 500, right: 0 })
  })
})

function profileOf(traces: TestSpan[][], mostSpans = 100): SetProfile {
  const profile = newProfile()
  for (const spans of traces) {
    const { store, built } = read(spans)
    addTrace(profile, store, built.layout, mostSpans)
  }
  return profile
}

function trace(attributes: Record<string, string>, more: Partial<TestSpan> = {}): TestSpan[] {
  return [
    { id: 1, name: 'GET /', start: 0, duration: 1_000, attributes },
    { id: 2, parent: 1, name: 'read', start: 100, duration: 100, ...more },
  ]
}

describe('two sets', () => {
  const slow = profileOf([
    ...Array.from({ length: 9 }, (_, i) => trace({ region: 'west', user: `u${i}` }, { duration: 600 })),
    trace({ region: 'east', user: 'u9' }, { error: 'no' }),
  ])
  const normal = profileOf(
    Array.from({ length: 10 }, (_, i) => trace({ region: i < 2 ? 'west' : 'east', plan: 'free', user: `v${i}` })),
  )

  test('differ in the share of traces that have an attribute', () => {
    const rows = attributeRows(slow, normal).map(row => [row.key, row.value, row.tracesA, row.tracesB, row.chance])

    expect(rows).toEqual([
      ['plan', 'free', 0, 10, false],
      ['region', 'west', 9, 2, false],
      ['region', 'east', 1, 8, false],
    ])
  })

  test('differ in the time of their operations', () => {
    const [first, second] = operationRows(slow, normal)

    expect([first!.name, second!.name].sort()).toEqual(['GET /', 'read'])
    const child = [first!, second!].find(row => row.name === 'read')!
    expect(child.selfA).toBeCloseTo(0.55)
    expect(child.selfB).toBeCloseTo(0.1)
    expect(child.errorsA).toBeCloseTo(0.1)
    expect(child).toMatchObject({ shareA: 1, shareB: 1, spansA: 1, spansB: 1, errorsB: 0 })
  })

  test('tell nothing by values of which every trace has its own', () => {
    const many = profileOf(Array.from({ length: 30 }, (_, i) => trace({ id: `${i}` })))

    expect(attributeRows(many, profileOf([trace({}), trace({}), trace({})]))).toMatchObject([
      { key: 'id', value: undefined, shareA: 1, shareB: 0 },
    ])
  })

  test('say of how many traces not all spans were looked at', () => {
    const profile = profileOf([trace({ a: '1' }, { attributes: { b: '2' } })], 1)

    expect(profile.cut).toBe(1)
    expect([...profile.attributes.keys()].sort()).toEqual(['a', 'service.name'])
    expect(profile.operations.size).toBe(2)
  })

  test('are said to differ by chance where they are small', () => {
    expect(byChance(1, 2, 0, 2)).toBe(true)
    expect(byChance(5, 10, 4, 10)).toBe(true)
    expect(byChance(10, 10, 0, 10)).toBe(false)
    expect(byChance(30, 50, 10, 50)).toBe(false)
    expect(byChance(0, 0, 3, 4)).toBe(true)
  })
})

describe('the address of a comparison', () => {
  const ID = '0123456789abcdef0123456789abcdef'
  const OTHER = 'fedcba9876543210fedcba9876543210'
  const at = (url: string) => new URL(url, 'http://localhost').searchParams

  test('survives', () => {
    expect(readComparison(at(tracesUrl(ID, OTHER, { shown: 'all', measure: 'self' })))).toEqual({
      kind: 'traces',
      left: ID,
      right: OTHER,
      shown: 'all',
      measure: 'self',
    })
    const a = fromUrl(new URLSearchParams('service=a%26b&minDuration=1s&attribute=k=v&lookback=2h'))
    const b = fromUrl(new URLSearchParams('q={ name = "x" }'))
    expect(readComparison(at(setsUrl(a, b)))).toEqual({ kind: 'sets', a, b })
  })

  test('may lack the second trace, or all', () => {
    expect(readComparison(at(tracesUrl(ID, undefined)))).toMatchObject({ left: ID, right: undefined })
    expect(readComparison(at('/compare?right=xyz'))).toEqual({ kind: 'nothing' })
  })

  test('is read from Jaeger’s links', () => {
    expect(readComparison(at('/'), { left: ID, right: OTHER })).toMatchObject({ left: ID, right: OTHER })
    expect(readComparison(at('/'), { left: '', right: OTHER })).toMatchObject({ left: OTHER, right: undefined })
  })
})

describe('what a search suggests to compare', () => {
  const traces = [10, 20, 30, 40, 900].map(
    (duration, i): TraceSummary => ({
      id: String(i),
      service: 'shop',
      operation: 'GET /',
      start: 0,
      duration: duration * 1000,
      coarse: false,
      spans: 1,
      errors: i === 0 ? 1 : 0,
      services: [],
    }),
  )

  test('are the slow, the failed and another search', () => {
    const list = choices(fromUrl(new URLSearchParams('service=shop')), traces, 1_795_230_000e6)

    expect(list.map(choice => choice.label)).toEqual([
      'Those above 900ms with the faster ones',
      'Failed ones with the others',
      'These with another search …',
    ])
    const sets = readComparison(new URL(list[0]!.href, 'http://localhost').searchParams)
    expect(sets).toMatchObject({ a: { minDuration: '900ms', maxDuration: '' }, b: { maxDuration: '900ms' } })
    // The time is fixed, so that the link shows the same tomorrow.
    expect(sets).toMatchObject({ a: { time: { start: 1_795_226_400e6, end: 1_795_230_000e6 } } })
  })

  test('is what a narrow search left out', () => {
    const query = fromUrl(new URLSearchParams('service=shop&minDuration=20ms&status=error&attribute=a=b'))
    const [first] = choices(query, traces, 1_795_230_000e6)

    expect(first!.label).toBe('These with all others')
    expect(readComparison(new URL(first!.href, 'http://localhost').searchParams)).toMatchObject({
      a: { minDuration: '20ms', errors: true, attributes: [{ key: 'a', value: 'b' }] },
      b: { service: 'shop', minDuration: '', errors: false, attributes: [] },
    })
  })

  test('is another search, which remembers this one', () => {
    const last = choices(fromUrl(new URLSearchParams('q={}')), [], 0).at(-1)!
    const query = fromUrl(new URL(last.href, 'http://localhost').searchParams)

    expect(fromUrl(new URLSearchParams(query.against))).toMatchObject({ mode: 'traceql', traceql: '{}' })
  })
})
