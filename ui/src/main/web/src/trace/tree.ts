import { criticalPath } from './critical'
import { IdIndex } from './ids'
import { correctClocks, type Correction } from './skew'
import { AFTER_PARENT, CLIENT, ERROR, ID_TAKEN, MOVED, NO_PARENT, SERVER, type SpanTable } from './spans'

/**
 * A trace as it is drawn: rows in pre-order, parents before children, siblings by start, each with the end of its
 * subtree. Times are nanoseconds from the trace's first start.
 */
export interface Layout {
  rows: number
  /** The place of each row's span in its store. */
  span: Int32Array
  start: Float64Array
  duration: Float64Array
  /** The part of its duration in which no child ran. */
  self: Float64Array
  depth: Uint32Array
  /** The row of the parent, or -1. */
  parent: Int32Array
  /** The row after the last of its subtree. */
  end: Int32Array
  service: Int32Array
  name: Int32Array
  kind: Uint8Array
  flags: Uint8Array
  idHigh: Uint32Array
  idLow: Uint32Array
  /** How many rows before this one failed; one more than there are rows. */
  errorsBefore: Int32Array
  /** How far a row's clock was moved, in nanoseconds. Empty when no clock was. */
  moved: Float64Array
  /** Where the events of each row begin in `eventTime`; one more than there are rows. */
  eventStart: Int32Array
  eventTime: Float64Array
  /** The pieces of the critical path by row: where each row's begin, and their bounds. */
  criticalStart: Int32Array
  criticalFrom: Float64Array
  criticalTo: Float64Array
}

/** What is told of a trace beside its rows. */
export interface Facts {
  traceId: string
  services: string[]
  names: string[]
  /** Nanoseconds since the epoch of the first start, in text. */
  start: string
  /** Nanoseconds. */
  duration: number
  spans: number
  errors: number
  depth: number
  /** Spans of each service and how many of them failed, by its number. */
  serviceSpans: number[]
  serviceErrors: number[]
  /** Tops that name a parent which is not there. */
  orphans: number
  /** Spans that say no time. */
  timeless: number
  /** How many traces this one stands for, by the least threshold of its spans. */
  weight: number
  keptForError: boolean
  /** Clocks that are off: spans moved, or that would be, and the most any is off in nanoseconds. */
  clocks: { corrected: boolean; spans: number; most: number }
}

export interface Built {
  layout: Layout
  facts: Facts
}

const NOBODY = -1

/** Lays a trace out as it is now, which may be before all its spans are there. */
export function build(table: SpanTable, correct: boolean): Built {
  const { size } = table
  const flags = table.flags.slice(0, size)
  const parentOf = parents(table, flags)
  const correction = correctClocks(table, parentOf)
  const offsets = correct ? correction.offsets : undefined
  const starts = new Float64Array(size)
  for (let i = 0; i < size; i++) starts[i] = table.start[i]! + (offsets?.[i] ?? 0)
  const order = preOrder(starts, table, parentOf)
  return assemble(table, order, starts, flags, offsets, correct, correction)
}

/** The index of each span's parent, or -1. Marks spans whose parent is not there. */
export function parents(table: SpanTable, flags: Uint8Array): Int32Array {
  const { size, idHigh, idLow, parentHigh, parentLow, kind } = table
  const ids = new IdIndex(idHigh, idLow, size)
  const parentOf = new Int32Array(size).fill(NOBODY)
  for (let i = 0; i < size; i++) {
    const first = ids.find(idHigh[i]!, idLow[i]!)
    if (first !== i || ids.next(i) >= 0) {
      const client = ofKind(CLIENT, first)
      // The two halves of a call may share an id, as Zipkin's clients have them.
      if (kind[i] === SERVER && client !== NOBODY) {
        parentOf[i] = client
        continue
      }
      if (kind[i] !== CLIENT && first !== i) flags[i]! |= ID_TAKEN
    }
    if (parentHigh[i] === 0 && parentLow[i] === 0) continue
    const above = ids.find(parentHigh[i]!, parentLow[i]!)
    if (above < 0) flags[i]! |= NO_PARENT
    else if (above !== i) parentOf[i] = ids.next(above) < 0 ? above : half(above, i)
  }
  return parentOf

  function ofKind(wanted: number, first: number): number {
    for (let i = first; i >= 0; i = ids.next(i)) if (kind[i] === wanted) return i
    return NOBODY
  }

  /** Of spans that share an id: the server's half, but for what the client's own service did. */
  function half(first: number, child: number): number {
    const service = table.service[child]
    let server = NOBODY
    let client = NOBODY
    for (let i = first; i >= 0; i = ids.next(i)) {
      if (i === child) continue
      if (kind[i] === SERVER) {
        if (table.service[i] === service) return i
        if (server === NOBODY) server = i
      } else if (kind[i] === CLIENT && client === NOBODY) client = i
    }
    if (client !== NOBODY && table.service[client] === service) return client
    return server !== NOBODY ? server : first === child ? ids.next(first) : first
  }
}

interface Order {
  span: Int32Array
  depth: Uint32Array
  parent: Int32Array
  end: Int32Array
}

function preOrder(starts: Float64Array, table: SpanTable, parentOf: Int32Array): Order {
  const { size, duration, idHigh, idLow } = table
  // What has no time begins with its parent.
  for (let i = 0; i < size; i++) {
    if (!Number.isNaN(starts[i]!)) continue
    let above = parentOf[i]!
    for (let steps = 0; above >= 0 && Number.isNaN(starts[above]!) && steps < size; steps++) above = parentOf[above]!
    starts[i] = above < 0 || Number.isNaN(starts[above]!) ? 0 : starts[above]!
  }
  const byStart = new Int32Array(size)
  for (let i = 0; i < size; i++) byStart[i] = i
  byStart.sort(
    (a, b) =>
      starts[a]! - starts[b]! ||
      duration[b]! - duration[a]! ||
      idHigh[a]! - idHigh[b]! ||
      idLow[a]! - idLow[b]! ||
      a - b,
  )
  // Lists of children, linked; filled from the last, so that each begins with the first.
  const firstChild = new Int32Array(size).fill(NOBODY)
  const sibling = new Int32Array(size).fill(NOBODY)
  for (let k = size - 1; k >= 0; k--) {
    const i = byStart[k]!
    const above = parentOf[i]!
    if (above < 0) continue
    sibling[i] = firstChild[above]!
    firstChild[above] = i
  }
  const order: Order = {
    span: new Int32Array(size),
    depth: new Uint32Array(size),
    parent: new Int32Array(size),
    end: new Int32Array(size),
  }
  const rowOf = new Int32Array(size).fill(NOBODY)
  let row = 0
  const walk = (top: number) => {
    let i = top
    let depth = 0
    let parentRow = NOBODY
    for (;;) {
      rowOf[i] = row
      order.span[row] = i
      order.depth[row] = depth
      order.parent[row] = parentRow
      row++
      const child = nextNew(firstChild[i]!)
      if (child >= 0) {
        parentRow = rowOf[i]!
        depth++
        i = child
        continue
      }
      // Upward, closing subtrees, until somebody has another child.
      for (;;) {
        order.end[rowOf[i]!] = row
        if (i === top) return
        const next = nextNew(sibling[i]!)
        if (next >= 0) {
          i = next
          break
        }
        i = order.span[parentRow]!
        parentRow = order.parent[parentRow]!
        depth--
      }
    }
  }
  const nextNew = (from: number) => {
    let i = from
    while (i >= 0 && rowOf[i]! >= 0) i = sibling[i]!
    return i
  }
  for (let k = 0; k < size; k++) if (parentOf[byStart[k]!]! < 0) walk(byStart[k]!)
  // Spans that are each other's ancestors hang on no top.
  for (let k = 0; k < size; k++) if (rowOf[byStart[k]!]! < 0) walk(byStart[k]!)
  return order
}

function assemble(
  table: SpanTable,
  order: Order,
  starts: Float64Array,
  flagsOf: Uint8Array,
  offsets: Float64Array | undefined,
  corrected: boolean,
  correction: Correction,
): Built {
  const { size } = table
  const { span, depth, parent, end } = order
  const layout: Layout = {
    rows: size,
    span,
    depth,
    parent,
    end,
    start: new Float64Array(size),
    duration: new Float64Array(size),
    self: new Float64Array(size),
    service: new Int32Array(size),
    name: new Int32Array(size),
    kind: new Uint8Array(size),
    flags: new Uint8Array(size),
    idHigh: new Uint32Array(size),
    idLow: new Uint32Array(size),
    errorsBefore: new Int32Array(size + 1),
    moved: new Float64Array(offsets && correction.spans > 0 ? size : 0),
    eventStart: new Int32Array(size + 1),
    eventTime: new Float64Array(table.eventStart[size]!),
    criticalStart: new Int32Array(0),
    criticalFrom: new Float64Array(0),
    criticalTo: new Float64Array(0),
  }
  let first = Infinity
  let last = -Infinity
  for (let i = 0; i < size; i++) {
    first = Math.min(first, starts[i]!)
    last = Math.max(last, starts[i]! + table.duration[i]!)
  }
  if (size === 0) first = last = 0
  const serviceSpans = new Array<number>(table.services.list.length).fill(0)
  const serviceErrors = new Array<number>(table.services.list.length).fill(0)
  let deepest = 0
  let orphans = 0
  let timeless = 0
  let events = 0
  for (let row = 0; row < size; row++) {
    const i = span[row]!
    const start = starts[i]! - first
    layout.start[row] = start
    layout.duration[row] = table.duration[i]!
    layout.service[row] = table.service[i]!
    layout.name[row] = table.name[i]!
    layout.kind[row] = table.kind[i]!
    layout.idHigh[row] = table.idHigh[i]!
    layout.idLow[row] = table.idLow[i]!
    let flags = flagsOf[i]!
    const above = parent[row]!
    if (above >= 0 && start >= layout.start[above]! + layout.duration[above]! && start > layout.start[above]!) {
      flags |= AFTER_PARENT
    }
    const offset = offsets?.[i] ?? 0
    if (offset !== 0) {
      flags |= MOVED
      layout.moved[row] = offset
    }
    layout.flags[row] = flags
    const failed = (flags & ERROR) !== 0 ? 1 : 0
    layout.errorsBefore[row + 1] = layout.errorsBefore[row]! + failed
    serviceSpans[table.service[i]!]!++
    serviceErrors[table.service[i]!]! += failed
    deepest = Math.max(deepest, depth[row]! + 1)
    if ((flags & NO_PARENT) !== 0) orphans++
    if (Number.isNaN(table.start[i]!)) timeless++
    for (let e = table.eventStart[i]!; e < table.eventStart[i + 1]!; e++) {
      layout.eventTime[events++] = table.eventTime[e]! + offset - first
    }
    layout.eventStart[row + 1] = events
  }
  fillSelf(layout)
  Object.assign(layout, criticalPath(layout))
  return {
    layout,
    facts: {
      traceId: table.traceId,
      services: table.services.list.slice(),
      names: table.names.list.slice(),
      start: String((table.base ?? 0n) + BigInt(Math.round(first))),
      duration: last - first,
      spans: size,
      errors: layout.errorsBefore[size]!,
      depth: deepest,
      serviceSpans,
      serviceErrors,
      orphans,
      timeless,
      weight: size === 0 ? 1 : 1 / (1 - Math.min(table.leastThreshold, 1 - 2 ** -24)),
      keptForError: table.keptForError,
      clocks: { corrected, spans: correction.spans, most: correction.most },
    },
  }
}

/** Each row's duration less the time in which a child ran. Children come by start, so one pass does. */
function fillSelf(layout: Layout): void {
  const { rows, start, duration, parent, self } = layout
  const coveredTo = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    self[row]! += duration[row]!
    coveredTo[row] = start[row]!
    const above = parent[row]!
    if (above < 0) continue
    const from = Math.max(start[row]!, coveredTo[above]!)
    const to = Math.min(start[row]! + duration[row]!, start[above]! + duration[above]!)
    if (to > from) {
      self[above]! -= to - from
      coveredTo[above] = to
    }
  }
}
