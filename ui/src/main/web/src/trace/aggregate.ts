import { ERROR } from './spans'
import type { Layout } from './tree'

/** Spans of one operation that were reached by the same way, as one. Times are nanoseconds. */
export interface PathNode {
  service: number
  name: number
  depth: number
  count: number
  errors: number
  /** The durations added up. */
  total: number
  /** What of them no child covers. */
  self: number
  /** `self` of this node and all below: what its frame is wide by, so that children fit in. */
  weight: number
  children: PathNode[]
  /** One of its spans, for going there: the longest. */
  row: number
}

/** The rows from `from` up to `to` as a tree of ways. The root stands for all tops together. */
export function aggregate(layout: Layout, from = 0, to = layout.rows): PathNode {
  const root = newNode(-1, -1, -1, -1)
  const maps = new Map<PathNode, Map<string, PathNode>>()
  // The nodes of the ancestors of the row at hand, by depth.
  const path: PathNode[] = []
  const top = layout.depth[from] ?? 0
  for (let row = from; row < to; row++) {
    const depth = layout.depth[row]! - top
    path.length = depth
    const parent = depth === 0 ? root : path[depth - 1]!
    let children = maps.get(parent)
    if (!children) maps.set(parent, (children = new Map<string, PathNode>()))
    const key = `${layout.service[row]} ${layout.name[row]}`
    let node = children.get(key)
    if (!node) {
      node = newNode(layout.service[row]!, layout.name[row]!, depth, row)
      children.set(key, node)
      parent.children.push(node)
    }
    node.count++
    if ((layout.flags[row]! & ERROR) !== 0) node.errors++
    node.total += layout.duration[row]!
    node.self += layout.self[row]!
    if (layout.duration[row]! > layout.duration[node.row]!) node.row = row
    path.push(node)
  }
  weigh(root)
  return root
}

function newNode(service: number, name: number, depth: number, row: number): PathNode {
  return { service, name, depth, count: 0, errors: 0, total: 0, self: 0, weight: 0, children: [], row }
}

/** From the leaves up, without recursion: a trace may be deeper than the call stack. */
function weigh(root: PathNode): void {
  const nodes = [root]
  for (let i = 0; i < nodes.length; i++) for (const child of nodes[i]!.children) nodes.push(child)
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i]!
    node.weight = node.self + node.children.reduce((sum, child) => sum + child.weight, 0)
    node.children.sort((a, b) => b.weight - a.weight || a.name - b.name)
  }
}

/** A node with the share of the width where its frame stands. */
export interface Frame {
  node: PathNode
  parent: Frame | undefined
  x: number
  width: number
  level: number
}

/** The frames below a node, itself first, that are at least so wide; by level, then from the left. */
export function frames(root: PathNode, least: number, most = 2_000): Frame[] {
  const list: Frame[] = []
  let level: Frame[] =
    root.row < 0
      ? placed(root.children, undefined, 0, 1, 0, root.weight)
      : [{ node: root, parent: undefined, x: 0, width: 1, level: 0 }]
  while (level.length > 0 && list.length < most) {
    level = level.filter(frame => frame.width >= least)
    list.push(...level)
    level = level.flatMap(frame =>
      placed(frame.node.children, frame, frame.x, frame.width, frame.level + 1, frame.node.weight),
    )
  }
  return list.slice(0, most)
}

function placed(
  nodes: readonly PathNode[],
  parent: Frame | undefined,
  from: number,
  width: number,
  level: number,
  weight: number,
): Frame[] {
  let x = from
  return nodes.map(node => {
    // Where nothing took any time, all are as wide.
    const share = weight > 0 ? node.weight / weight : 1 / nodes.length
    const frame = { node, parent, x, width: share * width, level }
    x += frame.width
    return frame
  })
}

export interface Box {
  node: PathNode
  parent: Box | undefined
  /** Where it stands. */
  column: number
  row: number
}

/** The nodes as boxes from left to right: parents stand before the first of their children, so the root is at the top. */
export function boxes(root: PathNode, most: number): { boxes: Box[]; rows: number; columns: number; left: number } {
  const list: Box[] = []
  const kept: Box[] = []
  const queue: Box[] = root.children.map(node => ({ node, parent: undefined, column: 0, row: 0 }))
  // By level, so that what is left out is what is deepest.
  for (let i = 0; i < queue.length; i++) {
    const box = queue[i]!
    if (kept.length < most) kept.push(box)
    else continue
    for (const node of box.node.children) queue.push({ node, parent: box, column: box.column + 1, row: 0 })
  }
  const children = new Map<Box | undefined, Box[]>()
  for (const box of kept) {
    const siblings = children.get(box.parent)
    if (siblings) siblings.push(box)
    else children.set(box.parent, [box])
  }
  // Leaves take rows in turn; a parent stands before the first of its children once that is placed.
  const stack = [...(children.get(undefined) ?? [])].reverse()
  while (stack.length > 0) {
    const box = stack.pop()!
    list.push(box)
    const below = children.get(box) ?? []
    for (let i = below.length - 1; i >= 0; i--) stack.push(below[i]!)
  }
  let rows = 0
  for (const box of list) if (!children.has(box)) box.row = rows++
  for (let i = list.length - 1; i >= 0; i--) {
    const below = children.get(list[i]!)
    if (below) list[i]!.row = below[0]!.row
  }
  const columns = list.reduce((max, box) => Math.max(max, box.column + 1), 0)
  return { boxes: list, rows, columns, left: queue.length - kept.length }
}
