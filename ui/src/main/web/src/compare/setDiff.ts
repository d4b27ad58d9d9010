// What the traces of one set have that those of another have not. Pure.
import type { SpanStore } from '../trace/spans'
import type { Layout } from '../trace/tree'

/** What the traces of a set have, as counts of traces; it can be sent from a worker. */
export interface SetProfile {
  traces: number
  /** Traces of which not all spans were looked at. */
  cut: number
  operations: Map<string, OperationCount>
  /** By key, then by value; no values for a key that has too many to tell traces apart. */
  attributes: Map<string, { traces: number; values: Map<string, number> | undefined }>
}

export interface OperationCount {
  service: string
  name: string
  traces: number
  spans: number
  errors: number
  /** What no child covers, added up, in nanoseconds. */
  self: number
}

const MOST_VALUES = 2_000
const LONGEST_VALUE = 200

export function newProfile(): SetProfile {
  return { traces: 0, cut: 0, operations: new Map(), attributes: new Map() }
}

/** Adds one trace, of which the attributes of so many spans at most are looked at. */
export function addTrace(profile: SetProfile, store: SpanStore, layout: Layout, mostSpans: number): void {
  const { table } = store
  profile.traces++
  if (layout.rows > mostSpans) profile.cut++
  const seen = new Set<OperationCount>()
  for (let row = 0; row < layout.rows; row++) {
    const service = table.services.list[layout.service[row]!]!
    const name = table.names.list[layout.name[row]!]!
    const key = `${service}\0${name}`
    let operation = profile.operations.get(key)
    if (!operation) {
      operation = { service, name, traces: 0, spans: 0, errors: 0, self: 0 }
      profile.operations.set(key, operation)
    }
    if (!seen.has(operation)) {
      seen.add(operation)
      operation.traces++
    }
    operation.spans++
    operation.errors += layout.errorsBefore[row + 1]! - layout.errorsBefore[row]!
    operation.self += layout.self[row]!
  }
  const found = new Map<string, Set<string>>()
  for (let row = 0; row < Math.min(layout.rows, mostSpans); row++) {
    const span = store.record(layout.span[row]!)
    for (const { key, text } of [...span.attributes, ...span.resource.attributes]) {
      let values = found.get(key)
      if (!values) found.set(key, (values = new Set()))
      values.add(text.slice(0, LONGEST_VALUE))
    }
  }
  for (const [key, values] of found) {
    let known = profile.attributes.get(key)
    if (!known) profile.attributes.set(key, (known = { traces: 0, values: new Map() }))
    known.traces++
    if (!known.values) continue
    for (const value of values) known.values.set(value, (known.values.get(value) ?? 0) + 1)
    if (known.values.size > MOST_VALUES) known.values = undefined
  }
}

/** Something that the traces of a set have or have not. */
export interface ShareRow {
  key: string
  /** Undefined where it is the key as such. */
  value: string | undefined
  tracesA: number
  tracesB: number
  shareA: number
  shareB: number
  /** `shareA - shareB`. */
  by: number
  /** Whether sets that do not differ would often show as much. */
  chance: boolean
}

export interface OperationRow extends Omit<ShareRow, 'key' | 'value'> {
  service: string
  name: string
  /** Spans of it in a trace, on average over all traces of the set. */
  spansA: number
  spansB: number
  /** Its own time in a trace, in microseconds, on average over all traces of the set. */
  selfA: number
  selfB: number
  errorsA: number
  errorsB: number
}

/** Attributes by how much their share differs. What a single trace has tells nothing of the others. */
export function attributeRows(a: SetProfile, b: SetProfile): ShareRow[] {
  const rows: ShareRow[] = []
  const few = a.traces + b.traces <= 4
  for (const key of new Set([...a.attributes.keys(), ...b.attributes.keys()])) {
    const inA = a.attributes.get(key)
    const inB = b.attributes.get(key)
    const whole = { key, value: undefined, ...shares(inA?.traces ?? 0, inB?.traces ?? 0, a, b) }
    let said = false
    const tooMany = (inA && !inA.values) || (inB && !inB.values)
    for (const value of new Set([...(inA?.values?.keys() ?? []), ...(inB?.values?.keys() ?? [])])) {
      if (tooMany) break
      const row = { key, value, ...shares(inA?.values?.get(value) ?? 0, inB?.values?.get(value) ?? 0, a, b) }
      if (row.by === 0 || (!few && row.tracesA + row.tracesB < 2)) continue
      // A value that all have who have the key says what the key says.
      said ||= row.tracesA === whole.tracesA && row.tracesB === whole.tracesB
      rows.push(row)
    }
    if (whole.by !== 0 && !said) rows.push(whole)
  }
  return rows.sort(
    (one, other) =>
      // Not by the last bit of a fraction.
      Math.round(1e6 * Math.abs(other.by)) - Math.round(1e6 * Math.abs(one.by)) ||
      other.tracesA + other.tracesB - one.tracesA - one.tracesB ||
      (one.key < other.key ? -1 : one.key > other.key ? 1 : (one.value ?? '') < (other.value ?? '') ? -1 : 1),
  )
}

/** Operations by how much time of their own a trace spends in them more, or less. */
export function operationRows(a: SetProfile, b: SetProfile): OperationRow[] {
  const rows: OperationRow[] = []
  for (const key of new Set([...a.operations.keys(), ...b.operations.keys()])) {
    const inA = a.operations.get(key)
    const inB = b.operations.get(key)
    rows.push({
      service: (inA ?? inB)!.service,
      name: (inA ?? inB)!.name,
      ...shares(inA?.traces ?? 0, inB?.traces ?? 0, a, b),
      spansA: share(inA?.spans ?? 0, a.traces),
      spansB: share(inB?.spans ?? 0, b.traces),
      selfA: share((inA?.self ?? 0) / 1000, a.traces),
      selfB: share((inB?.self ?? 0) / 1000, b.traces),
      errorsA: share(inA?.errors ?? 0, inA?.spans ?? 0),
      errorsB: share(inB?.errors ?? 0, inB?.spans ?? 0),
    })
  }
  return rows.sort((one, other) => Math.abs(other.selfA - other.selfB) - Math.abs(one.selfA - one.selfB))
}

function shares(tracesA: number, tracesB: number, a: SetProfile, b: SetProfile) {
  const shareA = share(tracesA, a.traces)
  const shareB = share(tracesB, b.traces)
  return { tracesA, tracesB, shareA, shareB, by: shareA - shareB, chance: byChance(tracesA, a.traces, tracesB, b.traces) }
}

function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0
}

/** Whether two shares are closer than two standard errors of their difference, were the sets alike. */
export function byChance(partA: number, wholeA: number, partB: number, wholeB: number): boolean {
  if (wholeA === 0 || wholeB === 0) return true
  // One more of either kind in each, or shares of 0 and 1 would have no error at all.
  const pooled = (partA + partB + 1) / (wholeA + wholeB + 2)
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / wholeA + 1 / wholeB))
  return Math.abs(partA / wholeA - partB / wholeB) < 2 * error
}
