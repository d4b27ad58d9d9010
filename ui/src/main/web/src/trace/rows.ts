import { ERROR } from './spans'
import type { Layout } from './tree'

/** The rows that are shown: those of the subtree in focus that no folded row hides. */
export function visibleRows(layout: Layout, folded: ReadonlySet<number>, from = 0, to = layout.rows): Int32Array {
  const { span, end } = layout
  if (folded.size === 0) {
    const all = new Int32Array(to - from)
    for (let i = 0; i < all.length; i++) all[i] = from + i
    return all
  }
  const rows = new Int32Array(to - from)
  let count = 0
  for (let row = from; row < to; ) {
    rows[count++] = row
    row = folded.has(span[row]!) ? end[row]! : row + 1
  }
  return rows.slice(0, count)
}

/** The place of a row among sorted rows; that of the row which hides it when it is folded away. */
export function placeOf(rows: Int32Array, row: number): number {
  let low = 0
  let high = rows.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (rows[middle]! <= row) low = middle
    else high = middle - 1
  }
  return low
}

/** The first of some sorted rows after another, or the last before it; round at the ends. */
export function neighbour(rows: Int32Array, row: number, step: 1 | -1): number | undefined {
  if (rows.length === 0) return undefined
  const at = placeOf(rows, row)
  if (step > 0) return rows[at]! > row ? rows[at]! : rows[(at + 1) % rows.length]!
  return rows[at]! < row ? rows[at]! : rows[(at - 1 + rows.length) % rows.length]!
}

export function errorRows(layout: Layout): Int32Array {
  const rows = new Int32Array(layout.errorsBefore[layout.rows]!)
  let count = 0
  for (let row = 0; row < layout.rows; row++) if ((layout.flags[row]! & ERROR) !== 0) rows[count++] = row
  return rows
}

/** Which row each span has. */
export function rowsBySpan(layout: Layout): Int32Array {
  const rows = new Int32Array(layout.rows)
  for (let row = 0; row < layout.rows; row++) rows[layout.span[row]!] = row
  return rows
}

/** How many failed below a row. */
export function errorsBelow(layout: Layout, row: number): number {
  return layout.errorsBefore[layout.end[row]!]! - layout.errorsBefore[row + 1]!
}
