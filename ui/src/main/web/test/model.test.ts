import { describe, expect, test } from 'vitest'
import type { JaegerSpan, JaegerTrace } from '../src/api'
import { buildTrace, summarise, visibleRows } from '../src/trace/model'

function span(id: string, parent: string | undefined, start: number, more: Partial<JaegerSpan> = {}): JaegerSpan {
  return {
    traceID: 't',
    spanID: id,
    operationName: `op-${id}`,
    references: parent === undefined ? [] : [{ refType: 'CHILD_OF', traceID: 't', spanID: parent }],
    startTime: 1_000 + start,
    duration: 10,
    tags: [],
    logs: [],
    processID: 'p1',
    ...more,
  }
}

function trace(...spans: JaegerSpan[]): JaegerTrace {
  return { traceID: 't', spans, processes: { p1: { serviceName: 'shop' }, p2: { serviceName: 'till' } } }
}

const error = [{ key: 'error', type: 'bool', value: true }]

describe('a trace', () => {
  test('lists spans before their children, siblings by start', () => {
    const { spans, depth } = buildTrace(trace(span('c', 'a', 5), span('d', 'b', 3), span('b', 'a', 2), span('a', undefined, 0)))

    expect(spans.map(row => [row.id, row.depth, row.parent, row.end])).toEqual([
      ['a', 0, -1, 4],
      ['b', 1, 0, 3],
      ['d', 2, 1, 3],
      ['c', 1, 0, 4],
    ])
    expect(depth).toBe(3)
  })

  test('names the parent that was not received', () => {
    const { spans } = buildTrace(trace(span('a', undefined, 0), span('b', 'lost', 1)))

    expect(spans.map(row => row.missingParent)).toEqual([undefined, 'lost'])
  })

  test('shows spans that are each other’s ancestors', () => {
    const { spans } = buildTrace(trace(span('a', 'b', 0), span('b', 'a', 1), span('c', 'c', 2)))

    expect(spans.map(row => row.id).sort()).toEqual(['a', 'b', 'c'])
  })

  test('is not limited by the call stack', () => {
    const chain = Array.from({ length: 20_000 }, (_, i) => span(`s${i}`, i === 0 ? undefined : `s${i - 1}`, i))

    const { spans, depth } = buildTrace(trace(...chain))

    expect(depth).toBe(20_000)
    expect(spans[0]!.end).toBe(20_000)
  })

  test('puts the server half of a shared id under the client half, and children under the server half', () => {
    const kind = (value: string) => [{ key: 'span.kind', value }]
    const { spans } = buildTrace(
      trace(
        span('x', undefined, 1, { tags: kind('server'), processID: 'p2' }),
        span('y', 'x', 2),
        span('x', undefined, 0, { tags: kind('client') }),
      ),
    )

    expect(spans.map(row => [row.id, row.service, row.depth])).toEqual([
      ['x', 'shop', 0],
      ['x', 'till', 1],
      ['y', 'shop', 2],
    ])
  })

  test('takes references into other traces as links', () => {
    const linked = span('a', undefined, 0, { references: [{ refType: 'FOLLOWS_FROM', traceID: 'u', spanID: 'z' }] })

    expect(buildTrace(trace(linked)).spans[0]).toMatchObject({ missingParent: undefined, links: [{ traceId: 'u', spanId: 'z' }] })
  })

  test('keeps event times relative and names them by their event field', () => {
    const logs = [{ timestamp: 1_007, fields: [{ key: 'event', value: 'retry' }, { key: 'n', value: 2 }] }]

    expect(buildTrace(trace(span('a', undefined, 0, { logs }))).spans[0]!.events).toEqual([
      { name: 'retry', time: 7, attributes: [{ key: 'n', value: 2 }] },
    ])
  })

  test('hides the rows under a folded one', () => {
    const { spans } = buildTrace(trace(span('a', undefined, 0), span('b', 'a', 1), span('c', 'b', 2), span('d', 'a', 3)))

    expect(visibleRows(spans, new Set([1])).map(row => spans[row]!.id)).toEqual(['a', 'b', 'd'])
  })
})

describe('a summary', () => {
  test('takes the span without a parent as root, not the first to start', () => {
    const summary = summarise(trace(span('b', 'lost', 0), span('a', undefined, 5, { processID: 'p2', tags: error })))

    expect(summary).toMatchObject({ service: 'till', operation: 'op-a', rooted: true, start: 1_000, duration: 15, errors: 1 })
    expect(summary.services).toEqual([
      { name: 'shop', spans: 1, errors: 0 },
      { name: 'till', spans: 1, errors: 1 },
    ])
  })

  test('falls back on the earliest span when the root is missing', () => {
    expect(summarise(trace(span('b', 'lost', 5), span('c', 'gone', 2)))).toMatchObject({ operation: 'op-c', rooted: false })
  })
})
