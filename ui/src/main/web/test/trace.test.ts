import { describe, expect, test } from 'vitest'
import { aggregate, boxes, frames } from '../src/trace/aggregate'
import { find } from '../src/trace/find'
import { BytesStore, ResourceSpansCutter } from '../src/trace/otlpBytes'
import { errorRows, errorsBelow, neighbour, placeOf, rowsBySpan, visibleRows } from '../src/trace/rows'
import { AFTER_PARENT, CLIENT, ERROR, ID_TAKEN, MOVED, NO_PARENT, NO_TIME, SERVER, thresholdOf } from '../src/trace/spans'
import { quantile, statistics } from '../src/trace/stats'
import { build, type Layout } from '../src/trace/tree'
import { BASE, encode, TRACE_ID, type TestSpan } from './encode'

function read(spans: readonly TestSpan[]): BytesStore {
  const store = new BytesStore()
  for (const piece of new ResourceSpansCutter().push(encode(spans))) store.add(piece)
  return store
}

function built(spans: readonly TestSpan[], correct = false) {
  return build(read(spans).table, correct)
}

/** Ids by row with depth, parent row and end. */
function shape({ layout }: { layout: Layout }): number[][] {
  return Array.from({ length: layout.rows }, (_, row) => [
    layout.idLow[row]!,
    layout.depth[row]!,
    layout.parent[row]!,
    layout.end[row]!,
  ])
}

function flagged({ layout }: { layout: Layout }, flag: number): number[] {
  return Array.from({ length: layout.rows }, (_, row) => row)
    .filter(row => (layout.flags[row]! & flag) !== 0)
    .map(row => layout.idLow[row]!)
}

function run<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

describe('OTLP in protobuf', () => {
  const SPANS: TestSpan[] = [
    { id: 1, start: 0, duration: 100, name: 'GET /', kind: SERVER, attributes: { big: 9007199254740993, ok: true } },
    {
      id: 2,
      parent: 1,
      start: 10,
      service: 'till',
      host: 'h2',
      error: 'card declined',
      attributes: { card: 'vïsa 🎉', minus: -5 },
      events: [{ at: 12, name: 'retry' }],
      links: [{ traceId: 'ff'.repeat(16), spanId: 7 }],
      traceState: 'a=b,ot=th:8',
    },
  ]

  test('is read in full, span by span', () => {
    const store = read(SPANS)

    expect(store.record(1)).toMatchObject({
      traceId: TRACE_ID,
      spanId: '0000000000000002',
      parentSpanId: '0000000000000001',
      traceState: 'a=b,ot=th:8',
      start: BASE + 10n,
      end: BASE + 20n,
      statusCode: 2,
      statusMessage: 'card declined',
      attributes: [
        { key: 'card', type: 'string', text: 'vïsa 🎉' },
        { key: 'minus', type: 'int', text: '-5' },
      ],
      events: [{ time: BASE + 12n, name: 'retry' }],
      links: [{ traceId: 'ff'.repeat(16), spanId: '0000000000000007' }],
      scope: { name: 'tests', version: '1.0' },
    })
    expect(store.record(0).attributes).toContainEqual({ key: 'ok', type: 'bool', text: 'true' })
    expect(store.record(1).resource.attributes.map(attribute => attribute.text)).toEqual(['till', 'h2'])
  })

  test.each([1, 2, 3, 7, 64, 1 << 20])('is the same in pieces of %i bytes', size => {
    const all = encode(SPANS)
    const cutter = new ResourceSpansCutter()
    const store = new BytesStore()
    for (let at = 0; at < all.length; at += size) {
      for (const piece of cutter.push(all.subarray(at, at + size))) store.add(piece)
    }

    expect(cutter.complete).toBe(true)
    expect(store.table.size).toBe(2)
    expect(store.record(1).statusMessage).toBe('card declined')
  })

  test('that is cut off, or something else, is noticed', () => {
    const cutter = new ResourceSpansCutter()
    cutter.push(encode(SPANS).subarray(0, 50))

    expect(cutter.complete).toBe(false)
    expect(() => new ResourceSpansCutter().push(new TextEncoder().encode('{"resourceSpans":[]}'))).toThrow('not OTLP')
    expect(() => new BytesStore().add(encode([SPANS[0]!]).subarray(2, 60))).toThrow('cut off')
  })
})

describe('a trace', () => {
  test('lists spans before their children, siblings by start', () => {
    const result = built([
      { id: 3, parent: 1, start: 5 },
      { id: 4, parent: 2, start: 3 },
      { id: 2, parent: 1, start: 2 },
      { id: 1, start: 0, duration: 100 },
    ])

    expect(shape(result)).toEqual([
      [1, 0, -1, 4],
      [2, 1, 0, 3],
      [4, 2, 1, 3],
      [3, 1, 0, 4],
    ])
    expect(result.facts).toMatchObject({ depth: 3, spans: 4, duration: 100, start: String(BASE) })
  })

  test('says which parent was not received', () => {
    const result = built([{ id: 1, start: 0 }, { id: 2, parent: 9, start: 1 }, { id: 3, parent: 2, start: 2 }])

    expect(flagged(result, NO_PARENT)).toEqual([2])
    expect(result.facts.orphans).toBe(1)
    expect(shape(result).map(row => row[1])).toEqual([0, 0, 1])
  })

  test('shows spans that are each other’s ancestors, and one that is its own', () => {
    const result = built([
      { id: 1, parent: 2, start: 0 },
      { id: 2, parent: 1, start: 1 },
      { id: 3, parent: 3, start: 2 },
    ])

    expect(result.layout.rows).toBe(3)
    expect(shape(result).map(row => row[0]).sort()).toEqual([1, 2, 3])
  })

  test('hangs the server’s half of a call below the client’s, and its children below it', () => {
    const result = built([
      { id: 1, start: 0, duration: 50, kind: CLIENT, service: 'web' },
      { id: 1, start: 5, duration: 40, kind: SERVER, service: 'till' },
      { id: 2, parent: 1, start: 10, service: 'till' },
      { id: 3, parent: 1, start: 11, service: 'web' },
    ])

    expect(shape(result).map(([id, depth]) => [id, depth])).toEqual([
      [1, 0],
      [1, 1],
      [2, 2],
      [3, 1],
    ])
    expect(flagged(result, ID_TAKEN)).toEqual([])
  })

  test('shows every copy of an id that several spans claim', () => {
    const result = built([{ id: 1, start: 0 }, { id: 1, start: 1 }, { id: 2, parent: 1, start: 2 }])

    expect(result.layout.rows).toBe(3)
    expect(flagged(result, ID_TAKEN)).toEqual([1])
  })

  test('may be deeper than any call stack', () => {
    const deep = Array.from({ length: 12_500 }, (_, i): TestSpan => ({ id: i + 1, parent: i, start: i, duration: 100_000 - 2 * i }))

    expect(built(deep).facts.depth).toBe(12_500)
  })

  test('places a span without a time where its parent begins', () => {
    const result = built([{ id: 1, start: 1000, duration: 50 }, { id: 2, parent: 1 }])

    expect(result.layout.start[1]).toBe(0)
    expect(flagged(result, NO_TIME)).toEqual([2])
    expect(result.facts).toMatchObject({ duration: 50, timeless: 1 })
  })

  test('marks what began after its parent had ended', () => {
    const result = built([{ id: 1, start: 0, duration: 10 }, { id: 2, parent: 1, start: 10 }, { id: 3, parent: 1, start: 9 }])

    expect(flagged(result, AFTER_PARENT)).toEqual([2])
  })

  test('counts the time that no child took as a span’s own', () => {
    const result = built([
      { id: 1, start: 0, duration: 100 },
      { id: 2, parent: 1, start: 10, duration: 30 },
      { id: 3, parent: 1, start: 20, duration: 30 },
      { id: 4, parent: 1, start: 90, duration: 50 },
    ])

    expect(result.layout.self[0]).toBe(100 - 40 - 10)
  })

  test('keeps where events are, and how many errors came before', () => {
    const { layout, facts } = built([
      { id: 1, start: 5, duration: 50, events: [{ at: 15, name: 'a' }] },
      { id: 2, parent: 1, start: 6, error: 'no' },
    ])

    expect([...layout.eventTime]).toEqual([10])
    expect([...layout.errorsBefore]).toEqual([0, 0, 1])
    expect(errorsBelow(layout, 0)).toBe(1)
    expect(facts.errors).toBe(1)
  })

  test('stands for as many as its least threshold says', () => {
    expect(thresholdOf('x=y, ot=rv:00000000000001;th:c')).toBe(0.75)
    expect(thresholdOf('ot=th:fd70a4')).toBeCloseTo(0.99, 5)
    expect(thresholdOf('ot=th:0')).toBe(0)
    expect(thresholdOf('got=th:8')).toBe(0)
    expect(built([{ id: 1, start: 0, traceState: 'ot=th:c' }, { id: 2, start: 0, traceState: 'ot=th:8' }]).facts.weight).toBe(2)
  })

  test('says when the head kept it for an error', () => {
    expect(built([{ id: 1, start: 0, attributes: { 'millrace.head': 'error' } }]).facts.keptForError).toBe(true)
    expect(built([{ id: 1, start: 0, attributes: { 'millrace.hear': 'error' } }]).facts.keptForError).toBe(false)
  })
})

describe('clocks', () => {
  const SKEWED: TestSpan[] = [
    { id: 1, start: 1000, duration: 100, service: 'web', host: 'a' },
    { id: 2, parent: 1, start: 500, duration: 60, service: 'till', host: 'b', events: [{ at: 510, name: 'x' }] },
    { id: 3, parent: 2, start: 520, duration: 10, service: 'till', host: 'b' },
  ]

  test('that disagree are moved into the middle of the caller, with all below on the same host', () => {
    const { layout, facts } = built(SKEWED, true)

    expect([...layout.start]).toEqual([0, 20, 40])
    expect([...layout.moved]).toEqual([0, 520, 520])
    expect([...layout.eventTime]).toEqual([30])
    expect(facts.clocks).toEqual({ corrected: true, spans: 2, most: 520 })
    expect(flagged({ layout }, MOVED)).toEqual([2, 3])
  })

  test('are left alone when somebody wants them as they were, and it is said that they disagree', () => {
    const { layout, facts } = built(SKEWED, false)

    expect([...layout.start].sort((a, b) => a - b)).toEqual([0, 20, 500])
    expect(layout.moved).toHaveLength(0)
    expect(facts.clocks).toEqual({ corrected: false, spans: 2, most: 520 })
  })

  test('of one host are never moved', () => {
    const same = SKEWED.map(span => ({ ...span, host: 'a' }))

    expect(built(same, true).facts.clocks.spans).toBe(0)
  })

  test('of a child that outlasts its caller are only kept from beginning before it', () => {
    const { layout } = built(
      [
        { id: 1, start: 1000, duration: 100, host: 'a' },
        { id: 2, parent: 1, start: 1050, duration: 500, host: 'b' },
        { id: 3, parent: 1, start: 900, duration: 500, host: 'c' },
      ],
      true,
    )

    expect([...layout.start]).toEqual([0, 0, 50])
  })
})

describe('the critical path', () => {
  function path(spans: TestSpan[]): [id: number, from: number, to: number][] {
    const { layout } = built(spans)
    const pieces: [number, number, number][] = []
    for (let row = 0; row < layout.rows; row++) {
      for (let i = layout.criticalStart[row]!; i < layout.criticalStart[row + 1]!; i++) {
        pieces.push([layout.idLow[row]!, layout.criticalFrom[i]!, layout.criticalTo[i]!])
      }
    }
    return pieces.sort((a, b) => a[1] - b[1])
  }

  test('goes through the child that ended last, and the parent where none ran', () => {
    expect(
      path([
        { id: 1, start: 0, duration: 100 },
        { id: 2, parent: 1, start: 10, duration: 20 },
        { id: 3, parent: 1, start: 20, duration: 70 },
        { id: 4, parent: 3, start: 30, duration: 10 },
      ]),
    ).toEqual([
      [1, 0, 20],
      [3, 20, 30],
      [4, 30, 40],
      [3, 40, 90],
      [1, 90, 100],
    ])
  })

  test('adds up to the duration of the top', () => {
    let seed = 7
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
    const spans: TestSpan[] = [{ id: 1, start: 0, duration: 10_000 }]
    for (let id = 2; id < 400; id++) spans.push({ id, parent: 1 + random(id - 1), start: random(9_000), duration: 1 + random(3_000) })
    const inside = spans.map((span, i) => {
      const parent = spans[(span.parent ?? 1) - 1]!
      if (i > 0) {
        span.start = Math.max(span.start!, parent.start!)
        span.duration = Math.max(1, Math.min(span.duration!, parent.start! + parent.duration! - span.start))
      }
      return span
    })
    const pieces = path(inside)

    expect(pieces.reduce((sum, [, from, to]) => sum + to - from, 0), 'seed 7').toBe(10_000)
    for (let i = 1; i < pieces.length; i++) expect(pieces[i]![1]).toBe(pieces[i - 1]![2])
  })

  test('counts what outlasts its parent only as long as the parent', () => {
    expect(path([{ id: 1, start: 0, duration: 100 }, { id: 2, parent: 1, start: 60, duration: 500 }])).toEqual([
      [1, 0, 60],
      [2, 60, 100],
    ])
  })
})

describe('rows', () => {
  const TREE: TestSpan[] = [
    { id: 1, start: 0, duration: 100 },
    { id: 2, parent: 1, start: 1, duration: 10 },
    { id: 3, parent: 2, start: 2, duration: 5, error: 'no' },
    { id: 4, parent: 1, start: 20, duration: 10 },
    { id: 5, parent: 4, start: 21, duration: 5, error: 'no' },
  ]
  const { layout } = built(TREE)

  test('below a folded one are left out', () => {
    expect([...visibleRows(layout, new Set())]).toEqual([0, 1, 2, 3, 4])
    expect([...visibleRows(layout, new Set([layout.span[1]!]))]).toEqual([0, 1, 3, 4])
    expect([...visibleRows(layout, new Set([layout.span[3]!]), 3, 5)]).toEqual([3])
  })

  test('are found by their place, the one that hides them included', () => {
    const rows = visibleRows(layout, new Set([layout.span[1]!]))

    expect(placeOf(rows, 3)).toBe(2)
    expect(placeOf(rows, 2)).toBe(1)
  })

  test('follow each other round in a circle', () => {
    const errors = errorRows(layout)

    expect([...errors]).toEqual([2, 4])
    expect([0, 2, 4].map(row => neighbour(errors, row, 1))).toEqual([2, 4, 2])
    expect([0, 2, 4].map(row => neighbour(errors, row, -1))).toEqual([4, 4, 2])
    expect(neighbour(new Int32Array(0), 0, 1)).toBeUndefined()
  })

  test('are known by their span', () => {
    expect([...rowsBySpan(layout)].map(row => layout.idLow[row])).toEqual([1, 2, 3, 4, 5])
  })
})

describe('finding', () => {
  const store = read([
    { id: 1, start: 0, name: 'GET /cart', attributes: { 'http.status_code': 503, user: 'Ägidius' } },
    { id: 2, start: 1, name: 'SELECT', service: 'till', error: 'timeout', events: [{ at: 2, name: 'Retry' }] },
  ])
  const rows = (text: string) => [...run(find(store, text))]

  test.each([
    ['cart', [0]],
    ['TILL', [1]],
    ['http.status_code=50', [0]],
    ['http.status_code=40', []],
    ['503', [0]],
    ['ägid', [0]],
    ['retry timeout', [1]],
    ['retry cart', []],
    ['error', [1]],
    ['0000000000000002', [1]],
    ['tests', [0, 1]],
    ['   ', []],
  ])('“%s”', (text, expected) => {
    expect(rows(text)).toEqual(expected)
  })
})

describe('figures', () => {
  const { layout } = built([
    { id: 1, start: 0, duration: 100, name: 'a' },
    { id: 2, parent: 1, start: 0, duration: 10, name: 'b', error: 'no' },
    { id: 3, parent: 1, start: 20, duration: 30, name: 'b' },
  ])

  test('of an operation', () => {
    const stats = statistics(layout, false)

    expect(stats.map(({ count, errors, total, self, p50, p99, max }) => [count, errors, total, self, p50, p99, max])).toEqual([
      [1, 0, 100, 60, 100, 100, 100],
      [2, 1, 40, 40, 10, 30, 30],
    ])
    expect(statistics(layout, true)).toHaveLength(1)
  })

  test('a percentile is the least value that so large a share does not exceed', () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2)
    expect(quantile([1, 2, 3, 4], 0.99)).toBe(4)
    expect(quantile([], 0.5)).toBe(0)
  })

  test('of the same way are one frame, and children fit into their parent', () => {
    const root = aggregate(layout)
    const [a, b] = frames(root, 0)

    expect(root.weight).toBe(100)
    expect([a!.x, a!.width, b!.node.count, b!.width]).toEqual([0, 1, 2, 0.4])
    expect(b!.parent).toBe(a)
    expect(frames(root, 0.5)).toHaveLength(1)
  })

  test('as boxes stand beside each other, and say how many are left out', () => {
    const result = boxes(aggregate(layout), 1)

    expect(result).toMatchObject({ rows: 1, columns: 1, left: 1 })
    expect(boxes(aggregate(layout), 9).boxes.map(box => [box.column, box.row])).toEqual([
      [0, 0],
      [1, 0],
    ])
  })
})

test('an error is one of the flags that rows have', () => {
  expect(flagged(built([{ id: 1, start: 0, error: 'x' }]), ERROR)).toEqual([1])
})
