// Where the services of a map stand: callers to the left, callees to the right, in layers. The same graph comes
// out the same each time.

import type { ServiceGraph } from './graph'

export interface Placed {
  name: string
  x: number
  y: number
}

export interface Route {
  caller: string
  callee: string
  /** The path of the line, as SVG has it. */
  path: string
  /** Where its middle is. */
  x: number
  y: number
}

export interface MapLayout {
  width: number
  height: number
  node: { width: number; height: number }
  places: Map<string, Placed>
  routes: Route[]
}

/** The size of a service, and what lies between. */
export interface Measures {
  width: number
  height: number
  rows: number
  columns: number
}

export const ROOMY: Measures = { width: 148, height: 46, rows: 32, columns: 92 }
export const DENSE: Measures = { width: 150, height: 24, rows: 5, columns: 96 }

/** From how many services on each has one line only. */
const CROWDED = 50

export function measuresFor(nodes: number): Measures {
  return nodes > CROWDED ? DENSE : ROOMY
}

const MARGIN = 16

/** Between lines that pass through a column, and from one to a service. */
const LINES = 11
const SWEEPS = 12

interface Cell {
  /** The service; undefined where a line only passes through. */
  name: string | undefined
  layer: number
  y: number
  before: Cell[]
  after: Cell[]
}

/** Layers by the longest way to each service, then rows by where the neighbours stand. */
export function layOut(graph: ServiceGraph, measures: Measures = measuresFor(graph.nodes.length)): MapLayout {
  const ways = withoutCircles(graph)
  const layerOf = layers(graph, ways)
  const cells = new Map<string, Cell>()
  const columns: Cell[][] = []
  const put = (cell: Cell) => {
    ;(columns[cell.layer] ??= []).push(cell)
    return cell
  }
  for (const { name } of graph.nodes) {
    cells.set(name, put({ name, layer: layerOf.get(name)!, y: 0, before: [], after: [] }))
  }
  const chains = new Map<string, Cell[]>()
  const trunks = new Map<string, Cell>()
  for (const way of ways) {
    const chain: Cell[] = [cells.get(way.from)!]
    for (let layer = chain[0]!.layer + 1; layer < layerOf.get(way.to)!; layer++) {
      // Long lines to the same service share their way there: one line to a service that everybody calls.
      const place = key(way.to, String(layer))
      const cell = trunks.get(place) ?? put({ name: undefined, layer, y: 0, before: [], after: [] })
      trunks.set(place, cell)
      chain.push(cell)
    }
    chain.push(cells.get(way.to)!)
    for (let i = 1; i < chain.length; i++) {
      if (chain[i - 1]!.after.includes(chain[i]!)) continue
      chain[i - 1]!.after.push(chain[i]!)
      chain[i]!.before.push(chain[i - 1]!)
    }
    chains.set(key(way.from, way.to), chain)
  }
  for (let layer = 0; layer < columns.length; layer++) columns[layer] ??= []
  order(columns)
  align(columns, measures)

  const step = measures.width + measures.columns
  const lowest = Math.min(0, ...columns.flat().map(cell => cell.y - measures.height / 2))
  const highest = Math.max(0, ...columns.flat().map(cell => cell.y + measures.height / 2))
  const left = (cell: Cell) => MARGIN + cell.layer * step
  const middle = (cell: Cell) => MARGIN + cell.y - lowest
  const places = new Map<string, Placed>()
  cells.forEach((cell, name) => places.set(name, { name, x: left(cell), y: middle(cell) - measures.height / 2 }))
  const routes = graph.links.map(({ caller, callee }) => {
    if (caller === callee) return loop(caller, places.get(caller)!, measures)
    const forward = chains.get(key(caller, callee))
    const chain = forward ?? [...chains.get(key(callee, caller))!].reverse()
    return route(caller, callee, chain, forward !== undefined, left, middle, measures)
  })
  return {
    width: 2 * MARGIN + Math.max(1, columns.length) * step - measures.columns,
    height: 2 * MARGIN + highest - lowest,
    node: { width: measures.width, height: measures.height },
    places,
    routes,
  }
}

interface Way {
  from: string
  to: string
}

function key(from: string, to: string): string {
  return JSON.stringify([from, to])
}

/** Every pair that calls, once and turned so that no way leads back to where it began. */
function withoutCircles(graph: ServiceGraph): Way[] {
  const after = new Map<string, string[]>()
  for (const { caller, callee } of graph.links) {
    if (caller !== callee) after.set(caller, [...(after.get(caller) ?? []), callee])
  }
  const called = new Set(graph.links.filter(link => link.caller !== link.callee).map(link => link.callee))
  const state = new Map<string, 'open' | 'done'>()
  const ways = new Map<string, Way>()
  // Begins with those nobody calls, so that their calls point to the right.
  const begin = [...graph.nodes.filter(node => !called.has(node.name)), ...graph.nodes.filter(node => called.has(node.name))]
  for (const { name: root } of begin) {
    if (state.has(root)) continue
    const stack: { name: string; next: number }[] = [{ name: root, next: 0 }]
    state.set(root, 'open')
    while (stack.length > 0) {
      const top = stack.at(-1)!
      const callee = (after.get(top.name) ?? [])[top.next++]
      if (callee === undefined) {
        state.set(top.name, 'done')
        stack.pop()
        continue
      }
      const back = state.get(callee) === 'open'
      const way = back ? { from: callee, to: top.name } : { from: top.name, to: callee }
      if (!ways.has(key(way.to, way.from))) ways.set(key(way.from, way.to), way)
      if (!state.has(callee)) {
        state.set(callee, 'open')
        stack.push({ name: callee, next: 0 })
      }
    }
  }
  return [...ways.values()]
}

/** As far right as the longest way to it asks; who calls others stands close to the first of them. */
function layers(graph: ServiceGraph, ways: readonly Way[]): Map<string, number> {
  const before = group(ways, way => way.to)
  const after = group(ways, way => way.from)
  const layer = new Map<string, number>()
  const waiting = new Map(graph.nodes.map(({ name }) => [name, before.get(name)?.length ?? 0]))
  let ready = graph.nodes.filter(({ name }) => waiting.get(name) === 0).map(({ name }) => name)
  ready.forEach(name => layer.set(name, 0))
  while (ready.length > 0) {
    const next: string[] = []
    for (const name of ready) {
      for (const { to } of after.get(name) ?? []) {
        layer.set(to, Math.max(layer.get(to) ?? 0, layer.get(name)! + 1))
        waiting.set(to, waiting.get(to)! - 1)
        if (waiting.get(to) === 0) next.push(to)
      }
    }
    ready = next
  }
  for (const { name } of graph.nodes) {
    const callees = after.get(name)
    if (callees && !before.has(name)) layer.set(name, Math.min(...callees.map(({ to }) => layer.get(to)!)) - 1)
  }
  return layer
}

function group(ways: readonly Way[], by: (way: Way) => string): Map<string, Way[]> {
  const groups = new Map<string, Way[]>()
  for (const way of ways) groups.set(by(way), [...(groups.get(by(way)) ?? []), way])
  return groups
}

/** Sorts each column by the middle of its neighbours' places, to and fro; of all orders the one with the fewest crossings stays. */
function order(columns: Cell[][]): void {
  const index = new Map<Cell, number>()
  const number = () => columns.forEach(column => column.forEach((cell, i) => index.set(cell, i)))
  number()
  let best = columns.map(column => [...column])
  let fewest = crossings(columns, index)
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    const right = sweep % 2 === 0
    const walk = right ? columns.slice(1) : columns.slice(0, -1).reverse()
    for (const column of walk) {
      const rank = new Map(
        column.map(cell => {
          const near = right ? cell.before : cell.after
          return [cell, near.length === 0 ? index.get(cell)! : mean(near.map(other => index.get(other)!))]
        }),
      )
      column.sort((a, b) => rank.get(a)! - rank.get(b)! || index.get(a)! - index.get(b)!)
      column.forEach((cell, i) => index.set(cell, i))
    }
    const now = crossings(columns, index)
    if (now < fewest) {
      fewest = now
      best = columns.map(column => [...column])
    }
  }
  best.forEach((column, i) => (columns[i] = column))
}

function crossings(columns: Cell[][], index: Map<Cell, number>): number {
  let count = 0
  for (const column of columns.slice(0, -1)) {
    const lines = column.flatMap(cell => cell.after.map(other => [index.get(cell)!, index.get(other)!] as const))
    lines.sort((a, b) => a[0] - b[0] || a[1] - b[1])
    // How many earlier lines end further down, by a tree of counts.
    const size = Math.max(1, ...lines.map(line => line[1] + 1))
    const tree = new Int32Array(size + 1)
    let seen = 0
    for (const [, end] of lines) {
      let upTo = 0
      for (let i = end + 1; i > 0; i -= i & -i) upTo += tree[i]!
      count += seen - upTo
      for (let i = end + 1; i <= size; i += i & -i) tree[i]!++
      seen++
    }
  }
  return count
}

/** Gives each column its heights: as near to the neighbours as those above and below leave room for. */
function align(columns: Cell[][], measures: Measures): void {
  const gap = (one: Cell, other: Cell) =>
    one.name === undefined && other.name === undefined
      ? LINES
      : one.name === undefined || other.name === undefined
        ? measures.height / 2 + LINES
        : measures.height + measures.rows
  for (const column of columns) {
    let y = 0
    column.forEach((cell, i) => {
      if (i > 0) y += gap(column[i - 1]!, cell)
      cell.y = y
    })
    const half = y / 2
    column.forEach(cell => (cell.y -= half))
  }
  for (let round = 0; round < 8; round++) {
    const right = round % 2 === 0
    for (const column of right ? columns : [...columns].reverse()) {
      const wanted = column.map(cell => {
        const near = [...cell.before, ...cell.after]
        return near.length === 0 ? cell.y : mean(near.map(other => other.y))
      })
      settle(column, wanted, gap)
    }
  }
}

/**
 * Heights in the given order that keep their distance and are as near as can be to what is wanted: neighbours that
 * want the same place share it as one block.
 */
function settle(column: Cell[], wanted: number[], gap: (one: Cell, other: Cell) => number): void {
  const blocks: { first: number; count: number; sum: number }[] = []
  const offset: number[] = []
  column.forEach((cell, i) => {
    offset[i] = i === 0 ? 0 : offset[i - 1]! + gap(column[i - 1]!, cell)
    blocks.push({ first: i, count: 1, sum: wanted[i]! - offset[i]! })
    while (blocks.length > 1) {
      const last = blocks.at(-1)!
      const before = blocks.at(-2)!
      if (before.sum / before.count <= last.sum / last.count) break
      blocks.pop()
      before.count += last.count
      before.sum += last.sum
    }
  })
  for (const block of blocks) {
    for (let i = block.first; i < block.first + block.count; i++) column[i]!.y = block.sum / block.count + offset[i]!
  }
}

function mean(values: number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length
}

function route(
  caller: string,
  callee: string,
  chain: Cell[],
  forward: boolean,
  left: (cell: Cell) => number,
  middle: (cell: Cell) => number,
  measures: Measures,
): Route {
  // Lines of both directions between two services lie side by side.
  const aside = forward ? 0 : Math.min(7, measures.height / 4)
  const points: [number, number][] = []
  chain.forEach((cell, i) => {
    const x = left(cell)
    const y = middle(cell) + aside
    const out = forward ? x + measures.width : x
    const into = forward ? x : x + measures.width
    if (i === 0) points.push([out, y])
    else if (i === chain.length - 1) points.push([into, y])
    else points.push([into, y], [out, y])
  })
  let path = `M${at(points[0]!)}`
  for (let i = 1; i < points.length; i++) {
    const [x0, y0] = points[i - 1]!
    const [x1, y1] = points[i]!
    const bend = (x1 - x0) / 2
    path += Math.abs(y1 - y0) < 0.5 ? `L${at([x1, y1])}` : `C${at([x0 + bend, y0])} ${at([x1 - bend, y1])} ${at([x1, y1])}`
  }
  const half = Math.floor((points.length - 1) / 2)
  const [x0, y0] = points[half]!
  const [x1, y1] = points[half + 1]!
  return { caller, callee, path, x: (x0 + x1) / 2, y: (y0 + y1) / 2 }
}

/** The line of a service that calls itself: over its top. */
function loop(name: string, place: Placed, measures: Measures): Route {
  const x = place.x + measures.width - 26
  const y = place.y
  return {
    caller: name,
    callee: name,
    path: `M${at([x, y])}C${at([x - 6, y - 14])} ${at([x + 26, y - 14])} ${at([x + 18, y])}`,
    x: x + 10,
    y: y - 10,
  }
}

function at([x, y]: readonly [number, number]): string {
  return `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`
}
