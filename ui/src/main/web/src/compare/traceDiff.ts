import type { PathNode } from '../trace/aggregate'

/** The ways through a trace, with what its numbers stand for. */
export interface Ways {
  root: PathNode
  services: readonly string[]
  names: readonly string[]
}

/** What one of the traces has of an operation reached by a way. Times are nanoseconds. */
export interface Side {
  count: number
  errors: number
  total: number
  self: number
  /** One of its spans: the longest. */
  row: number
}

/** Spans of one operation that were reached by the same way, in two traces. */
export interface DiffNode {
  service: string
  name: string
  depth: number
  left: Side | undefined
  right: Side | undefined
  children: DiffNode[]
}

export type Change = 'left' | 'right' | 'slower' | 'faster' | 'same'
/** Whether durations are compared, or what of them no child covers. */
export type Measure = 'total' | 'self'
export type Shown = 'differences' | 'all'

/** Matches spans by service, operation and the way to them. The root stands for all tops together. */
export function diffTraces(left: Ways, right: Ways): DiffNode {
  const root = newNode('', '', -1)
  const open: { node: DiffNode; left: PathNode | undefined; right: PathNode | undefined }[] = [
    { node: root, left: left.root, right: right.root },
  ]
  // Without recursion: a trace may be deeper than the call stack.
  for (let at = open.pop(); at; at = open.pop()) {
    const children = new Map<string, { left: PathNode | undefined; right: PathNode | undefined }>()
    for (const child of at.left?.children ?? []) {
      children.set(keyOf(child, left), { left: child, right: undefined })
    }
    for (const child of at.right?.children ?? []) {
      const key = keyOf(child, right)
      const known = children.get(key)
      if (known) known.right = child
      else children.set(key, { left: undefined, right: child })
    }
    for (const pair of children.values()) {
      const ways = pair.left ? left : right
      const path = (pair.left ?? pair.right)!
      const node = newNode(ways.services[path.service]!, ways.names[path.name]!, at.node.depth + 1)
      node.left = sideOf(pair.left)
      node.right = sideOf(pair.right)
      at.node.children.push(node)
      open.push({ node, ...pair })
    }
    at.node.children.sort((a, b) => weightOf(b) - weightOf(a) || (a.name < b.name ? -1 : 1))
  }
  return root
}

function newNode(service: string, name: string, depth: number): DiffNode {
  return { service, name, depth, left: undefined, right: undefined, children: [] }
}

function keyOf(path: PathNode, ways: Ways): string {
  return `${ways.services[path.service]}\0${ways.names[path.name]}`
}

function sideOf(path: PathNode | undefined): Side | undefined {
  if (!path) return undefined
  const { count, errors, total, self, row } = path
  return { count, errors, total, self, row }
}

function weightOf(node: DiffNode): number {
  return Math.max(node.left?.total ?? 0, node.right?.total ?? 0)
}

/** How much longer it took on the right, in nanoseconds. */
export function difference(node: DiffNode, measure: Measure): number {
  return (node.right?.[measure] ?? 0) - (node.left?.[measure] ?? 0)
}

/** What is below a tenth of the larger, or below so many nanoseconds, is no difference worth telling. */
const LEAST_SHARE = 0.1

export function changeOf(node: DiffNode, measure: Measure, leastNanos: number): Change {
  if (!node.left) return 'right'
  if (!node.right) return 'left'
  const by = difference(node, measure)
  const larger = Math.max(node.left[measure], node.right[measure])
  if (Math.abs(by) < leastNanos || Math.abs(by) < LEAST_SHARE * larger) return 'same'
  return by > 0 ? 'slower' : 'faster'
}

/** Differences smaller than this share of the longer trace are not told. */
export function leastNanos(leftDuration: number, rightDuration: number): number {
  return 0.005 * Math.max(leftDuration, rightDuration)
}

/** A node as it stands in the list. */
export interface DiffRow {
  node: DiffNode
  change: Change
  /** Whether its errors or its number of spans differ. */
  otherCount: boolean
  otherErrors: boolean
}

/** The nodes in pre-order, all of them or those that differ with the ways to them. */
export function diffRows(root: DiffNode, measure: Measure, least: number, shown: Shown): DiffRow[] {
  const all: DiffRow[] = []
  const stack = [...root.children].reverse()
  for (let node = stack.pop(); node; node = stack.pop()) {
    const { left, right } = node
    all.push({
      node,
      change: changeOf(node, measure, least),
      otherCount: left !== undefined && right !== undefined && left.count !== right.count,
      otherErrors: (left?.errors ?? 0) !== (right?.errors ?? 0),
    })
    for (let i = node.children.length - 1; i >= 0; i--) stack.push(node.children[i]!)
  }
  if (shown === 'all') return all
  // From the end, so that what is below is known first.
  const kept: DiffRow[] = []
  let wanted = -1
  for (let i = all.length - 1; i >= 0; i--) {
    const row = all[i]!
    const { depth } = row.node
    const leads = depth === wanted
    if (leads || differs(row)) {
      kept.push(row)
      wanted = depth - 1
    }
  }
  return kept.reverse()
}

export function differs(row: DiffRow): boolean {
  return row.change !== 'same' || row.otherCount || row.otherErrors
}

/** How many spans each trace has to itself, and how many ways differ in time. */
export interface Summary {
  both: number
  left: number
  right: number
  slower: number
  faster: number
}

export function summarise(rows: readonly DiffRow[]): Summary {
  const sum: Summary = { both: 0, left: 0, right: 0, slower: 0, faster: 0 }
  for (const { node, change } of rows) {
    const left = node.left?.count ?? 0
    const right = node.right?.count ?? 0
    sum.both += Math.min(left, right)
    sum.left += Math.max(0, left - right)
    sum.right += Math.max(0, right - left)
    if (change === 'slower') sum.slower++
    if (change === 'faster') sum.faster++
  }
  return sum
}
