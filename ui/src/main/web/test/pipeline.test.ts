import { describe, expect, test } from 'vitest'
import { findings } from '../src/pipeline/findings'
import { lagOf, Reading, remember, rolesOf, type Figure, type GroupState, type Picture, type ProcessState } from '../src/pipeline/picture'

function figure(name: string, value: number, labels: Record<string, string> = {}): Figure {
  return { name, value, labels }
}

function process(name: string, ...figures: Figure[]): ProcessState {
  return { name, troubles: [], figures }
}

function picture(second: number, processes: ProcessState[], more: Partial<Picture> = {}): Picture {
  return {
    time: new Date(Date.parse('2026-11-21T10:00:00Z') + second * 1_000).toISOString(),
    mode: 'streaming',
    processes,
    topics: [],
    groups: [],
    ...more,
  }
}

function group(lags: [records: number, seconds: number][], more: Partial<GroupState> = {}): GroupState {
  return {
    role: 'aggregator',
    group: 'millrace-aggregator',
    topic: 'spans',
    state: 'stable',
    members: 1,
    partitions: lags.map(([records, seconds], partition) => ({ partition, records, seconds })),
    ...more,
  }
}

const RECEIVED = 'millrace_spans_received_total'
const REJECTED = 'millrace_spans_rejected_total'

describe('two looks', () => {
  test('give the rate of all processes together', () => {
    const reading = new Reading(
      picture(10, [process('a', figure(RECEIVED, 500)), process('b', figure(RECEIVED, 90))]),
      picture(0, [process('a', figure(RECEIVED, 100)), process('b', figure(RECEIVED, 40))]),
    )

    expect(reading.value(RECEIVED)).toBe(590)
    expect(reading.perSecond(RECEIVED)).toBe(45)
  })

  test('leave a process out that began anew between them', () => {
    const reading = new Reading(
      picture(10, [process('a', figure(RECEIVED, 3)), process('b', figure(RECEIVED, 90))]),
      picture(0, [process('a', figure(RECEIVED, 100)), process('b', figure(RECEIVED, 40))]),
    )

    expect(reading.perSecond(RECEIVED)).toBe(5)
  })

  test('count what had not been counted before from nothing', () => {
    const reading = new Reading(
      picture(10, [process('a', figure(REJECTED, 20, { reason: 'late' }))]),
      picture(0, [process('a')]),
    )

    expect(reading.by(REJECTED, 'reason')).toEqual([{ value: 'late', total: 20, perSecond: 2 }])
  })

  test('tell the average of what happened between them, and of all where nothing did', () => {
    const timer = (count: number, sum: number) => process('a', figure('t_seconds_count', count), figure('t_seconds_sum', sum))

    expect(new Reading(picture(10, [timer(30, 4)]), picture(0, [timer(10, 2)])).mean('t')).toEqual({ micros: 100_000, lately: true })
    expect(new Reading(picture(10, [timer(10, 2)]), picture(0, [timer(10, 2)])).mean('t')).toEqual({ micros: 200_000, lately: false })
    expect(new Reading(picture(10, []), undefined).mean('t')).toBeUndefined()
  })
})

test('what nobody tells is not known, and not nothing', () => {
  const alone = new Reading(picture(0, [process('a')]), undefined)

  expect(alone.value(RECEIVED)).toBeUndefined()
  expect(alone.perSecond(RECEIVED)).toBeUndefined()
  expect(alone.processes('collector')).toBe(0)
  expect(rolesOf(process('b', figure(RECEIVED, 0), figure('millrace_query_running', 0)))).toEqual(['collector', 'query'])
})

test('looks of the last while are remembered', () => {
  const looks = [0, 5, 10, 15].map(second => picture(second, []))

  const kept = looks.reduce<Picture[]>((history, look) => remember(history, look, 10_000), [])

  expect(kept).toEqual(looks.slice(1))
})

test('lag is the sum of all partitions and the age of the oldest record', () => {
  expect(lagOf(group([[0, 0], [7, 12], [3, 40]]))).toEqual({ records: 10, seconds: 40, furthest: 2 })
  expect(lagOf(group([[0, 0]]))).toEqual({ records: 0, seconds: 0, furthest: undefined })
})

describe('what is wrong', () => {
  const of = (now: Picture, before?: Picture) => findings(new Reading(now, before))

  test('is nothing where all is well', () => {
    const calm = picture(0, [process('a', figure('millrace_part_up', 1, { part: 'store' }), figure('millrace_cache_up', 1))], {
      groups: [group([[12, 9]])],
      topics: [{ what: 'dead-letters', name: 'dead-letters', partitions: 1, offsets: 0, perSecond: 0 }],
    })

    expect(of(calm)).toEqual([])
  })

  test('is a group that nobody is in, with the command that starts a member', () => {
    const [found] = of(picture(0, [], { groups: [group([[5, 400]], { members: 0, state: 'empty', role: 'ingester', topic: 'traces-complete' })] }))

    expect(found).toMatchObject({ tone: 'bad', about: 'ingester' })
    expect(found!.what).toContain('has no members')
    expect(found!.todo).toContain('millrace ingester')
  })

  test('is a lag that grows old: more members where there can be, one stuck partition where the others are done', () => {
    const slow = of(picture(0, [], { groups: [group([[500, 61], [480, 60], [490, 59], [510, 58]])] }))[0]!
    const stuck = of(picture(0, [], { groups: [group([[0, 0], [0, 0], [900, 300], [0, 0]])] }))[0]!

    expect(slow).toMatchObject({ tone: 'warn', about: 'aggregator' })
    expect(slow.todo).toContain('up to 4 share the 4 partitions')
    expect(stuck.tone).toBe('bad')
    expect(stuck.todo).toContain('partition 2')
  })

  test('is a part that is down, with its reason where it says one', () => {
    const down = figure('millrace_part_up', 0, { part: 'store' })
    const here: ProcessState = { name: 'this process', troubles: [{ part: 'store', reason: 'connection refused' }], figures: [down] }

    const found = of(picture(0, [here, process('10.0.0.7:8888', down)]))

    expect(found.map(one => one.what)).toEqual([
      'store of this process: connection refused.',
      'store of 10.0.0.7:8888 cannot do its job.',
    ])
    expect(found.every(one => one.tone === 'bad' && one.about === 'store')).toBe(true)
  })

  test('is what is rejected just now, and not what once was', () => {
    const rejected = (count: number) => [process('a', figure(REJECTED, count, { reason: 'rate' }))]

    expect(of(picture(10, rejected(50)), picture(0, rejected(50)))).toEqual([])
    expect(of(picture(10, rejected(70)), picture(0, rejected(50)))[0]).toMatchObject({ tone: 'warn', about: 'collector' })
  })

  test('is a process that cannot be asked', () => {
    const [found] = of(picture(0, [{ name: 'agg:8888', problem: 'no answer within 2000 ms', troubles: [], figures: [] }]))

    expect(found!.what).toContain('does not tell its figures: no answer within 2000 ms')
  })

  test('stands with the worst first', () => {
    const found = of(
      picture(0, [process('a', figure('millrace_ingester_paused', 1), figure('millrace_cache_up', 0), figure('millrace_sampling_tail_load_factor', 0.5))], {
        topics: [{ what: 'dead-letters', name: 'dead-letters', partitions: 1, offsets: 9, perSecond: 0.5 }],
      }),
    )

    expect(found.map(one => one.tone)).toEqual(['bad', 'bad', 'warn', 'warn'])
  })
})
