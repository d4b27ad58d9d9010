import type { SpanTable } from './spans'

/** By how much clocks are off: for each span in nanoseconds, none for a trace whose clocks agree. */
export interface Correction {
  offsets: Float64Array | undefined
  spans: number
  most: number
}

/**
 * The clocks of the hosts a trace went through, as far as its spans tell how they differ; the same rule by which the
 * server corrects what Jaeger's API shows.
 *
 * A child on another host than its parent, or on one that nobody knows, must lie within its parent: where it does not,
 * it is moved into the middle, as if request and answer had taken equally long on their way. Everything below it on the
 * same host moves along. A child that takes longer than its parent may end after it, and is only kept from beginning
 * before.
 */
export function correctClocks(table: SpanTable, parentOf: Int32Array): Correction {
  const { size, start, duration, host } = table
  const offsets = new Float64Array(size)
  const nobody = table.hosts.number('')
  const firstChild = new Int32Array(size).fill(-1)
  const sibling = new Int32Array(size).fill(-1)
  const waiting: number[] = []
  for (let i = 0; i < size; i++) {
    const parent = parentOf[i]!
    if (parent < 0) waiting.push(i)
    else {
      sibling[i] = firstChild[parent]!
      firstChild[parent] = i
    }
  }
  let spans = 0
  let most = 0
  // Spans whose parents lead round in a circle are never reached, and stay as they are.
  for (let i = waiting.pop(); i !== undefined; i = waiting.pop()) {
    for (let child = firstChild[i]!; child >= 0; child = sibling[child]!) {
      const same = host[child] === host[i] && host[child] !== nobody
      const offset = same ? offsets[i]! : skew(child, i)
      if (offset !== 0 && !Number.isNaN(offset)) {
        offsets[child] = offset
        spans++
        most = Math.max(most, Math.abs(offset))
      }
      waiting.push(child)
    }
  }
  return { offsets: spans > 0 ? offsets : undefined, spans, most }

  // The parent has been moved already.
  function skew(child: number, parent: number): number {
    const parentStart = start[parent]! + offsets[parent]!
    const room = duration[parent]! - duration[child]!
    const tooEarly = parentStart - start[child]!
    if (room < 0) return Math.max(0, tooEarly)
    const within = tooEarly <= 0 && start[child]! + duration[child]! <= parentStart + duration[parent]!
    return within ? 0 : Math.round(tooEarly + room / 2)
  }
}
