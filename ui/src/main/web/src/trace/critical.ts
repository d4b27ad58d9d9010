import type { Layout } from './tree'

export interface CriticalPath {
  /** Where each row's pieces begin; one more than there are rows. */
  criticalStart: Int32Array
  criticalFrom: Float64Array
  criticalTo: Float64Array
}

/**
 * The spans that a trace waited for: walked backwards from the end of its first top, at each moment the child that
 * finished last, and the span itself where no child ran. What runs on after its parent ended delays nobody, and counts
 * only as far as the parent lasts.
 */
export function criticalPath(layout: Pick<Layout, 'rows' | 'start' | 'duration' | 'parent' | 'end'>): CriticalPath {
  const { rows, start, duration, end } = layout
  const pieces: { row: number; from: number; to: number }[] = []
  const endOf = (row: number) => start[row]! + duration[row]!
  const top = firstTop(layout)

  interface Task {
    row: number
    /** Where the walk through this row has come to, from its end. */
    at: number
    /** Children by their end within the row, the last first; made when the row is entered. */
    children: number[]
    next: number
  }
  const childrenOf = (row: number): number[] => {
    const children: number[] = []
    for (let child = row + 1; child < end[row]!; child = end[child]!) {
      if (start[child]! < endOf(row)) children.push(child)
    }
    return children.sort((a, b) => Math.min(endOf(b), endOf(row)) - Math.min(endOf(a), endOf(row)) || b - a)
  }
  const stack: Task[] = []
  const enter = (row: number, at: number) => stack.push({ row, at, children: childrenOf(row), next: 0 })
  if (top >= 0) enter(top, endOf(top))
  while (stack.length > 0) {
    const task = stack[stack.length - 1]!
    const child = task.children[task.next++]
    if (child === undefined) {
      if (task.at > start[task.row]!) pieces.push({ row: task.row, from: start[task.row]!, to: task.at })
      stack.pop()
      continue
    }
    const childEnd = Math.min(endOf(child), endOf(task.row))
    // One that was still running when the next began did not hold it up.
    if (childEnd > task.at || duration[child] === 0) continue
    if (childEnd < task.at) pieces.push({ row: task.row, from: childEnd, to: task.at })
    task.at = Math.max(start[task.row]!, start[child]!)
    enter(child, childEnd)
  }

  pieces.sort((a, b) => a.row - b.row || a.from - b.from)
  const criticalStart = new Int32Array(rows + 1)
  const criticalFrom = new Float64Array(pieces.length)
  const criticalTo = new Float64Array(pieces.length)
  pieces.forEach((piece, i) => {
    criticalStart[piece.row + 1]!++
    criticalFrom[i] = piece.from
    criticalTo[i] = piece.to
  })
  for (let row = 0; row < rows; row++) criticalStart[row + 1]! += criticalStart[row]!
  return { criticalStart, criticalFrom, criticalTo }
}

/** The top that lasts longest: fragments whose parents are missing may begin before it. */
function firstTop({ rows, duration, end }: Pick<Layout, 'rows' | 'duration' | 'end'>): number {
  let best = -1
  for (let row = 0; row < rows; row = end[row]!) if (best < 0 || duration[row]! > duration[best]!) best = row
  return best
}
