// What a trace is made of, however it came: its spans as columns, and each of them in full when somebody looks.

/** A value as it is shown, with the type it had. */
export interface Attribute {
  key: string
  type: 'string' | 'bool' | 'int' | 'double' | 'bytes' | 'array' | 'map' | 'empty'
  text: string
}

export interface SpanEvent {
  /** Nanoseconds since the epoch. */
  time: bigint
  name: string
  attributes: Attribute[]
  dropped: number
}

export interface SpanLink {
  traceId: string
  spanId: string
  traceState: string
  attributes: Attribute[]
  dropped: number
}

/** Who sent a span, or which library made it. */
export interface Origin {
  name: string
  version: string
  attributes: Attribute[]
  dropped: number
  schemaUrl: string
}

export const NO_ORIGIN: Origin = { name: '', version: '', attributes: [], dropped: 0, schemaUrl: '' }

/** A span in full, as OTLP has it. Ids are lower-case hexadecimal digits; times nanoseconds since the epoch. */
export interface SpanRecord {
  traceId: string
  spanId: string
  parentSpanId: string
  traceState: string
  name: string
  /** OTLP's number: 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number
  start: bigint
  end: bigint
  attributes: Attribute[]
  droppedAttributes: number
  events: SpanEvent[]
  droppedEvents: number
  links: SpanLink[]
  droppedLinks: number
  /** 0 unset, 1 ok, 2 error. */
  statusCode: number
  statusMessage: string
  resource: Origin
  scope: Origin
}

export const KINDS = ['', 'internal', 'server', 'client', 'producer', 'consumer'] as const
export const SERVER = 2
export const CLIENT = 3
export const NO_SERVICE = '(no service name)'

/** Bits of a span that any view may ask for. */
export const ERROR = 1
export const NO_PARENT = 2
export const NO_TIME = 4
export const LINKS = 8
export const MOVED = 16
export const AFTER_PARENT = 32
export const ID_TAKEN = 64

/** Texts by number, each once. */
export class Texts {
  readonly list: string[] = []
  private readonly numbers = new Map<string, number>()

  number(text: string): number {
    const known = this.numbers.get(text)
    if (known !== undefined) return known
    this.numbers.set(text, this.list.length)
    return this.list.push(text) - 1
  }
}

/** What the columns keep of a span; ids as two halves, times in nanoseconds. */
export interface SpanFields {
  idHigh: number
  idLow: number
  parentHigh: number
  parentLow: number
  /** Since the table's base; NaN when the span has no time. */
  start: number
  duration: number
  service: number
  name: number
  host: number
  kind: number
  flags: number
  /** The threshold it was sampled at, as a share of all; 0 when it does not say. */
  threshold: number
}

/** The spans of one trace in the order they came. Grows by doubling. */
export class SpanTable {
  size = 0
  /** Nanoseconds since the epoch from which starts count: the first span's start. */
  base: bigint | undefined
  traceId = ''
  readonly services = new Texts()
  readonly names = new Texts()
  readonly hosts = new Texts()
  idHigh = new Uint32Array(FIRST)
  idLow = new Uint32Array(FIRST)
  parentHigh = new Uint32Array(FIRST)
  parentLow = new Uint32Array(FIRST)
  start = new Float64Array(FIRST)
  duration = new Float64Array(FIRST)
  service = new Int32Array(FIRST)
  name = new Int32Array(FIRST)
  host = new Int32Array(FIRST)
  kind = new Uint8Array(FIRST)
  flags = new Uint8Array(FIRST)
  /** Where each span's events begin in `eventTime`; one more than there are spans. */
  eventStart = new Int32Array(FIRST + 1)
  eventTime = new Float64Array(FIRST)
  /** The least threshold of all spans, as a share: what the trace was sampled at. 1 before the first. */
  leastThreshold = 1
  /** Whether the head kept some span only because of an error. */
  keptForError = false

  push(fields: SpanFields): void {
    const at = this.size
    if (at === this.idHigh.length) this.grow()
    this.idHigh[at] = fields.idHigh
    this.idLow[at] = fields.idLow
    this.parentHigh[at] = fields.parentHigh
    this.parentLow[at] = fields.parentLow
    this.start[at] = fields.start
    this.duration[at] = fields.duration
    this.service[at] = fields.service
    this.name[at] = fields.name
    this.host[at] = fields.host
    this.kind[at] = fields.kind
    this.flags[at] = fields.flags
    this.leastThreshold = Math.min(this.leastThreshold, fields.threshold)
    this.size++
    this.eventStart[this.size] = this.eventStart[at]!
  }

  /** An event of the span pushed last. */
  pushEvent(time: number): void {
    const at = this.eventStart[this.size]!
    if (at === this.eventTime.length) this.eventTime = larger(this.eventTime)
    this.eventTime[at] = time
    this.eventStart[this.size] = at + 1
  }

  /** A time since the epoch as one since the base, which the first such time becomes. */
  since(time: bigint): number {
    this.base ??= time
    return Number(time - this.base)
  }

  private grow(): void {
    this.idHigh = larger(this.idHigh)
    this.idLow = larger(this.idLow)
    this.parentHigh = larger(this.parentHigh)
    this.parentLow = larger(this.parentLow)
    this.start = larger(this.start)
    this.duration = larger(this.duration)
    this.service = larger(this.service)
    this.name = larger(this.name)
    this.host = larger(this.host)
    this.kind = larger(this.kind)
    this.flags = larger(this.flags)
    const starts = new Int32Array(2 * (this.eventStart.length - 1) + 1)
    starts.set(this.eventStart)
    this.eventStart = starts
  }
}

const FIRST = 256

function larger<A extends Uint8Array | Int32Array | Uint32Array | Float64Array>(array: A): A {
  const next = new (array.constructor as new (length: number) => A)(2 * array.length)
  next.set(array)
  return next
}

/** Spans that can be looked at in full. */
export interface SpanStore {
  readonly table: SpanTable
  record(index: number): SpanRecord
}

/** A store of spans that are in memory as objects: those of a file. */
export class RecordStore implements SpanStore {
  readonly table = new SpanTable()

  constructor(private readonly records: readonly SpanRecord[]) {
    for (const record of records) this.add(record)
  }

  record(index: number): SpanRecord {
    return this.records[index]!
  }

  private add(record: SpanRecord): void {
    const { table } = this
    if (table.traceId === '') table.traceId = record.traceId
    const id = halves(record.spanId)
    const parent = halves(record.parentSpanId)
    const timed = record.start > 0n
    table.push({
      idHigh: id[0],
      idLow: id[1],
      parentHigh: parent[0],
      parentLow: parent[1],
      start: timed ? table.since(record.start) : NaN,
      duration: Math.max(0, Number(record.end - record.start)),
      service: table.services.number(serviceOf(record.resource)),
      name: table.names.number(record.name),
      host: table.hosts.number(hostOf(record.resource)),
      kind: record.kind,
      flags:
        (record.statusCode === 2 ? ERROR : 0) | (record.links.length > 0 ? LINKS : 0) | (timed ? 0 : NO_TIME),
      threshold: thresholdOf(record.traceState),
    })
    table.keptForError ||= record.attributes.some(isHeadError)
    for (const event of record.events) if (event.time > 0n) table.pushEvent(table.since(event.time))
  }
}

export function serviceOf(resource: Origin): string {
  return resource.attributes.find(attribute => attribute.key === 'service.name')?.text || NO_SERVICE
}

/** Whose clock a span's times were read from; empty when nobody knows. */
export function hostOf(resource: Origin): string {
  for (const key of ['host.id', 'host.ip', 'host.name']) {
    const found = resource.attributes.find(attribute => attribute.key === key)
    if (found) return found.text
  }
  return ''
}

export function isHeadError(attribute: Attribute): boolean {
  return attribute.key === 'millrace.head' && attribute.text === 'error'
}

/** The share of traces that the threshold in a trace state drops; 0 without one. */
export function thresholdOf(traceState: string): number {
  const digits = /(?:^|,)\s*ot=(?:[^,]*;)?th:([0-9a-f]{1,14})(?:[;,\s]|$)/.exec(traceState)?.[1]
  return digits === undefined ? 0 : parseInt(digits, 16) / 16 ** digits.length
}

export function halves(hex: string): [high: number, low: number] {
  const id = hex.padStart(16, '0').slice(-16)
  return [parseInt(id.slice(0, 8), 16) || 0, parseInt(id.slice(8), 16) || 0]
}

export function hexOf(high: number, low: number): string {
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}
