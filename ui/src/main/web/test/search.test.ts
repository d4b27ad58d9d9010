import { describe, expect, test } from 'vitest'
import { bars, durationAxis, durationText, linear, logarithmic, stepMinutes, timeTicks } from '../src/search/plot'
import { joined, nativePage, ordered, tempoPage, type TraceSummary } from '../src/search/results'

function summary(id: string, more: Partial<TraceSummary> = {}): TraceSummary {
  return {
    id,
    service: 'shop',
    operation: 'op',
    start: 0,
    duration: 1,
    coarse: false,
    spans: 1,
    errors: 0,
    services: [],
    ...more,
  }
}

describe('results', () => {
  test('of our API keep microseconds, and say what is missing', () => {
    const page = nativePage({
      traces: [
        {
          traceId: 'a',
          rootService: null,
          rootOperation: null,
          startTimeUnixNano: '1795230000123456789',
          durationNanos: '1500',
          spanCount: 2,
          errorCount: 1,
          services: [{ name: 'shop', spanCount: 2, errorCount: 1 }],
        },
      ],
      nextCursor: '5-a',
      partial: true,
      reasons: ['a store did not answer'],
    })

    expect(page).toMatchObject({ next: '5-a', reasons: ['a store did not answer'] })
    expect(page.traces[0]).toMatchObject({ service: undefined, start: 1_795_230_000_123_456, duration: 1.5, spans: 2 })
  })

  test('of Tempo’s API go on in the second of the last trace, until that has no more', () => {
    const page = {
      traces: [
        { traceID: 'ab', rootServiceName: '<root span not yet received>', startTimeUnixNano: '1795230001500000000' },
        {
          traceID: 'cd',
          rootServiceName: 'shop',
          rootTraceName: 'GET /',
          startTimeUnixNano: '1795230000500000000',
          durationMs: 12,
          serviceStats: { shop: { spanCount: 3, errorCount: 1 }, till: { spanCount: 4 } },
        },
      ],
      metrics: { completedJobs: 1, totalJobs: 2 },
    }

    const first = tempoPage(page, 2, undefined)
    expect(first.next).toBe('1795230001')
    expect(first.reasons).toHaveLength(1)
    expect(first.traces.map(trace => [trace.id.length, trace.service, trace.spans, trace.errors, trace.duration])).toEqual([
      [32, undefined, 0, 0, 0],
      [32, 'shop', 7, 1, 12_000],
    ])
    expect(tempoPage(page, 2, '1795230001').next).toBeUndefined()
    expect(tempoPage(page, 3, undefined).next).toBeUndefined()
    expect(tempoPage({}, 3, undefined)).toEqual({ traces: [], next: undefined, reasons: [] })
  })

  test('of several pages have each trace once', () => {
    expect(joined([summary('a'), summary('b')], [summary('b'), summary('c')]).map(trace => trace.id)).toEqual(['a', 'b', 'c'])
  })

  test('come in the order that somebody wants', () => {
    const traces = [
      summary('old', { start: 1, duration: 9, spans: 1, errors: 0 }),
      summary('new', { start: 3, duration: 2, spans: 2, errors: 1 }),
      summary('wide', { start: 2, duration: 3, spans: 9, errors: 0 }),
    ]
    const ids = (order: Parameters<typeof ordered>[1]) => ordered(traces, order).map(trace => trace.id)

    expect(ids('newest')).toEqual(['new', 'wide', 'old'])
    expect(ids('longest')).toEqual(['old', 'wide', 'new'])
    expect(ids('spans')).toEqual(['wide', 'new', 'old'])
    expect(ids('errors')).toEqual(['new', 'wide', 'old'])
  })
})

describe('the plot', () => {
  test('has scales that lead back', () => {
    const time = linear(100, 200, 50)
    const duration = logarithmic(1, 1000, 90)

    expect([time.place(150), time.value(25)]).toEqual([25, 150])
    expect(duration.place(10)).toBeCloseTo(60)
    expect(duration.value(30)).toBeCloseTo(100)
  })

  test('has an axis of round durations that holds all', () => {
    expect(durationAxis([1_500, 90_000])).toEqual({ from: 1e3, to: 1e5, ticks: [1e3, 1e4, 1e5] })
    expect(durationAxis([70e6]).ticks).toEqual([60e6, 600e6])
    expect(durationAxis([]).ticks).toEqual([1e3, 1e4])
    expect(durationAxis([0.2, 1e13]).ticks.at(-1)).toBe(864_000e6)
  })

  test('has ticks at round times within the range', () => {
    const start = Date.parse('2026-11-21T03:02:00Z') * 1000
    const ticks = timeTicks(start, start + 3600e6, 7)

    expect(ticks.map(tick => new Date(tick / 1000).getUTCMinutes())).toEqual([10, 20, 30, 40, 50, 0])
  })

  test('writes durations as the search takes them', () => {
    expect([1_234_567, 45_678, 12.34, 0.5].map(durationText)).toEqual(['1.23s', '45.7ms', '12.3us', '500ns'])
  })

  test('adds the calls of all series up', () => {
    const point = (time: string, calls: number, errors: number) => ({ time, calls, errors })
    const list = bars({
      stepSeconds: 60,
      series: [
        { points: [point('2026-11-21T03:01:00Z', 5, 1), point('2026-11-21T03:00:00Z', 2, 0)] },
        { points: [point('2026-11-21T03:01:00Z', 3, 1)] },
      ],
    })

    expect(list.map(({ calls, errors }) => [calls, errors])).toEqual([
      [2, 0],
      [8, 2],
    ])
    expect([stepMinutes(0, 3600e6), stepMinutes(0, 86_400e6), stepMinutes(0, 1)]).toEqual([1, 24, 1])
  })
})
