// Services and the calls between them, from what the server counted.

import type { ApiFigures, Dependencies, Red } from './api'

/** What is known of some calls; durations in microseconds, undefined where nothing has any. */
export interface Figures {
  calls: number
  errors: number
  p50: number | undefined
  p95: number | undefined
  p99: number | undefined
}

export type NodeKind = 'service' | 'database' | 'messaging' | 'peer' | 'user'

export interface ServiceNode extends Figures {
  name: string
  kind: NodeKind
}

export interface ServiceLink extends Figures {
  caller: string
  callee: string
  /** How they are connected: plain, messaging, database or virtual; several where both ways occur. */
  connections: string[]
}

export interface ServiceGraph {
  nodes: ServiceNode[]
  links: ServiceLink[]
}

export type Health = 'good' | 'warn' | 'bad'

/** The style of a share of errors that is to be looked at. */
export function healthClass(figures: { calls: number; errors: number }): string | undefined {
  const health = healthOf(figures)
  return health === 'good' ? undefined : `is-${health}`
}

/** How calls fare, by the share that failed: from 1 % on it is to be looked at, from 5 % on it is bad. */
export function healthOf({ calls, errors }: { calls: number; errors: number }): Health {
  const share = calls > 0 ? errors / calls : 0
  return share >= 0.05 ? 'bad' : share >= 0.01 ? 'warn' : 'good'
}

export function readFigures(figures: ApiFigures): Figures {
  return {
    calls: figures.calls,
    errors: figures.errors,
    p50: micros(figures.p50Nanos),
    p95: micros(figures.p95Nanos),
    p99: micros(figures.p99Nanos),
  }
}

function micros(nanos: string): number | undefined {
  const value = Number(nanos) / 1_000
  return value > 0 ? value : undefined
}

/**
 * Counts add up. Percentiles do not: those of the part with the most calls stand for the whole, which is said where
 * they are shown only in so far as the parts can be seen by themselves.
 */
export function sum(parts: readonly Figures[]): Figures {
  const largest = parts.reduce<Figures | undefined>((most, part) => (most && most.calls >= part.calls ? most : part), undefined)
  return {
    calls: parts.reduce((total, part) => total + part.calls, 0),
    errors: parts.reduce((total, part) => total + part.errors, 0),
    p50: largest?.p50,
    p95: largest?.p95,
    p99: largest?.p99,
  }
}

/** The graph of a range. A service fares as what it answers does; where it answers nothing, as what it does at all. */
export function buildGraph(dependencies: Dependencies, red: Red): ServiceGraph {
  const links = new Map<string, ServiceLink & { parts: Figures[] }>()
  for (const link of dependencies.links) {
    const key = JSON.stringify([link.caller, link.callee])
    const known = links.get(key)
    if (known) {
      known.connections.push(link.connection)
      known.parts.push(readFigures(link))
      Object.assign(known, sum(known.parts))
    } else {
      const figures = readFigures(link)
      const { caller, callee, connection } = link
      links.set(key, { caller, callee, connections: [connection], ...figures, parts: [figures] })
    }
  }
  const own = new Map<string, Map<string, Figures>>()
  for (const series of red.series) {
    const kinds = own.get(series.service) ?? new Map<string, Figures>()
    kinds.set(series.kind, sum(series.points.map(readFigures)))
    own.set(series.service, kinds)
  }
  const list = [...links.values()].map(({ parts: _, ...link }) => link)
  const names = new Set([...own.keys(), ...list.flatMap(link => [link.caller, link.callee])])
  const nodes = [...names].sort(byName).map(name => {
    const kinds = own.get(name)
    if (kinds) return { name, kind: 'service' as const, ...answered(kinds) }
    const into = list.filter(link => link.callee === name)
    return { name, kind: kindOf(name, into), ...sum(into.length > 0 ? into : list.filter(link => link.caller === name)) }
  })
  return { nodes, links: list.sort((a, b) => byName(a.caller, b.caller) || byName(a.callee, b.callee)) }
}

/** What a service answers: calls and messages. */
export function answered(kinds: ReadonlyMap<string, Figures>): Figures {
  const asked = ['server', 'consumer'].flatMap(kind => kinds.get(kind) ?? [])
  return sum(asked.length > 0 ? asked : [...kinds.values()])
}

function kindOf(name: string, into: readonly ServiceLink[]): NodeKind {
  const ways = new Set(into.flatMap(link => link.connections))
  if (ways.has('database')) return 'database'
  if (ways.has('messaging')) return 'messaging'
  return into.length === 0 && name === 'user' ? 'user' : 'peer'
}

/** A service and what is within so many calls of it, either way; everything for no service. */
export function focus(graph: ServiceGraph, service: string | undefined, hops: number): ServiceGraph {
  if (service === undefined || !graph.nodes.some(node => node.name === service)) return graph
  const near = new Set([service])
  let edge = [service]
  for (let hop = 0; hop < hops && edge.length > 0; hop++) {
    const next = new Set<string>()
    for (const link of graph.links) {
      if (edge.includes(link.caller) && !near.has(link.callee)) next.add(link.callee)
      if (edge.includes(link.callee) && !near.has(link.caller)) next.add(link.caller)
    }
    next.forEach(name => near.add(name))
    edge = [...next]
  }
  return {
    nodes: graph.nodes.filter(node => near.has(node.name)),
    links: graph.links.filter(link => near.has(link.caller) && near.has(link.callee)),
  }
}

/** Whose names contain what was typed, upper and lower case alike. */
export function matches(name: string, text: string): boolean {
  return name.toLowerCase().includes(text.trim().toLowerCase())
}

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
