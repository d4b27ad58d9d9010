import { describe, expect, test } from 'vitest'
import type { Dependencies, Red } from '../src/services/api'
import { buildGraph, focus, healthOf, matches, type ServiceGraph } from '../src/services/graph'
import { layOut, measuresFor } from '../src/services/layout'
import { atLeast, callTraces, errorTraces } from '../src/services/links'
import { overTime } from '../src/services/overTime'

function figures(calls: number, errors = 0, millis = 10) {
  const nanos = String(millis * 1e6)
  return { seen: calls, calls, errors, p50Nanos: nanos, p95Nanos: nanos, p99Nanos: nanos }
}

function link(caller: string, callee: string, connection = 'plain', calls = 1, errors = 0) {
  return { caller, callee, connection, ...figures(calls, errors) }
}

const RANGE = { start: '2026-11-21T10:00:00Z', end: '2026-11-21T10:04:00Z' }

function graphOf(...ends: [string, string][]): ServiceGraph {
  const dependencies: Dependencies = { ...RANGE, links: ends.map(([caller, callee]) => link(caller, callee)) }
  return buildGraph(dependencies, { ...RANGE, stepSeconds: 60, series: [] })
}

describe('the graph', () => {
  const dependencies: Dependencies = {
    ...RANGE,
    links: [
      link('user', 'shop', 'virtual', 10),
      link('shop', 'cart', 'plain', 6, 1),
      link('shop', 'cart', 'messaging', 2),
      link('cart', 'orders-db', 'database', 4),
    ],
  }
  const red: Red = {
    ...RANGE,
    stepSeconds: 60,
    series: [
      { service: 'shop', kind: 'server', points: [{ time: RANGE.start, ...figures(10, 2, 30) }] },
      { service: 'shop', kind: 'client', points: [{ time: RANGE.start, ...figures(99, 0, 5) }] },
      { service: 'cart', kind: 'internal', points: [{ time: RANGE.start, ...figures(3) }] },
    ],
  }

  test('takes for a service what it answers, and for what has no spans the calls of it', () => {
    const nodes = Object.fromEntries(buildGraph(dependencies, red).nodes.map(node => [node.name, node]))

    expect(nodes['shop']).toMatchObject({ kind: 'service', calls: 10, errors: 2, p95: 30_000 })
    expect(nodes['cart']).toMatchObject({ kind: 'service', calls: 3 })
    expect(nodes['orders-db']).toMatchObject({ kind: 'database', calls: 4 })
    expect(nodes['user']).toMatchObject({ kind: 'user', calls: 10 })
  })

  test('has one link for two services however they are connected', () => {
    const between = buildGraph(dependencies, red).links.filter(one => one.caller === 'shop')

    expect(between).toHaveLength(1)
    expect(between[0]).toMatchObject({ calls: 8, errors: 1, connections: ['plain', 'messaging'] })
  })

  test('can be narrowed to what is so many calls from a service', () => {
    const graph = graphOf(['a', 'b'], ['b', 'c'], ['c', 'd'], ['x', 'b'])

    expect(focus(graph, 'b', 1).nodes.map(node => node.name)).toEqual(['a', 'b', 'c', 'x'])
    expect(focus(graph, 'a', 2).links.map(one => one.callee)).toEqual(['b', 'c', 'b'])
    expect(focus(graph, 'nobody', 1)).toBe(graph)
  })

  test('tells how calls fare by the share that failed', () => {
    expect([0, 9, 10, 49, 50].map(errors => healthOf({ calls: 1_000, errors }))).toEqual(['good', 'good', 'warn', 'warn', 'bad'])
    expect(healthOf({ calls: 0, errors: 0 })).toBe('good')
  })

  test('is searched in any case', () => {
    expect(matches('Cart-Service', ' cart')).toBe(true)
    expect(matches('Cart-Service', 'shop')).toBe(false)
  })
})

describe('the layout', () => {
  /** Calls among so many services, the same for a seed. */
  function traffic(services: number, calls: number, seed: number): ServiceGraph {
    let state = seed
    const next = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state % below
    }
    return graphOf(
      ...Array.from({ length: calls }, (): [string, string] => [`s${next(services)}`, `s${Math.min(services - 1, next(services))}`]),
    )
  }

  test('puts callers to the left of whom they call', () => {
    const { places } = layOut(graphOf(['user', 'shop'], ['shop', 'cart'], ['cart', 'db'], ['shop', 'db']))

    const x = (name: string) => places.get(name)!.x
    expect(x('user')).toBeLessThan(x('shop'))
    expect(x('shop')).toBeLessThan(x('cart'))
    expect(x('cart')).toBeLessThan(x('db'))
  })

  test.each([
    [6, 9, 1],
    [60, 140, 7],
    [200, 600, 42],
  ])('lets none of %d services with %d calls lie on another (seed %d)', (services, calls, seed) => {
    const graph = traffic(services, calls, seed)

    const layout = layOut(graph)

    const { width, height } = measuresFor(graph.nodes.length)
    const places = [...layout.places.values()]
    expect(places).toHaveLength(graph.nodes.length)
    for (const one of places) {
      expect(one.x).toBeGreaterThanOrEqual(0)
      expect(one.y).toBeGreaterThanOrEqual(0)
      expect(one.x + width).toBeLessThanOrEqual(layout.width)
      expect(one.y + height).toBeLessThanOrEqual(layout.height + 0.01)
      for (const other of places) {
        if (one === other || Math.abs(one.x - other.x) >= width) continue
        expect(Math.abs(one.y - other.y), `${one.name} and ${other.name}, seed ${seed}`).toBeGreaterThanOrEqual(height)
      }
    }
    expect(layout.routes.map(route => route.path).join()).not.toMatch(/NaN|undefined/)
    expect(layout.routes).toHaveLength(graph.links.length)
  })

  test('is the same each time', () => {
    expect(layOut(traffic(80, 200, 3))).toEqual(layOut(traffic(80, 200, 3)))
  })

  test('has a place for circles, for who calls itself and for who stands alone', () => {
    const graph = graphOf(['a', 'b'], ['b', 'c'], ['c', 'a'], ['b', 'b'])
    graph.nodes.push({ ...graph.nodes[0]!, name: 'alone' })

    const layout = layOut(graph)

    expect([...layout.places.keys()].sort()).toEqual(['a', 'alone', 'b', 'c'])
    expect(layout.routes).toHaveLength(4)
    expect(layOut({ nodes: [], links: [] }).routes).toEqual([])
  })
})

test('a service over time has every interval, and what it answers first', () => {
  const red: Red = {
    ...RANGE,
    stepSeconds: 60,
    series: [
      { service: 'shop', kind: 'client', points: [] },
      {
        service: 'shop',
        kind: 'server',
        points: [
          { time: '2026-11-21T10:01:00Z', ...figures(4) },
          { time: '2026-11-21T10:03:00Z', ...figures(2, 1) },
        ],
      },
    ],
  }

  const [server, client] = overTime(red)

  expect(server!.kind).toBe('server')
  expect(server!.times).toHaveLength(4)
  expect(server!.points.map(point => point?.calls)).toEqual([undefined, 4, undefined, 2])
  expect(server!.total).toMatchObject({ calls: 6, errors: 1 })
  expect(client!.points.every(point => point === undefined)).toBe(true)
})

describe('links to traces', () => {
  const range = { start: Date.parse(RANGE.start), end: Date.parse(RANGE.end) }
  const asked = (url: string) => new URLSearchParams(url.split('?')[1])

  test('of a service ask for it, in its time', () => {
    const url = asked(errorTraces('a&b', range, 'GET /'))

    expect(Object.fromEntries(url)).toEqual({
      service: 'a&b',
      operation: 'GET /',
      status: 'error',
      start: '2026-11-21T10:00:00.000Z',
      end: '2026-11-21T10:04:00.000Z',
    })
  })

  test('of a call ask for parent and child, whatever their names hold', () => {
    expect(asked(callTraces('a "b" \\', 'c', range, true)).get('q')).toBe(
      '{ resource.service.name = "a \\"b\\" \\\\" } > { resource.service.name = "c" && status = error }',
    )
  })

  test('of slow ones begin a little below', () => {
    expect(atLeast(1_000)).toBe('980us')
  })
})
