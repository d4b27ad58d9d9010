// OTLP's protobuf, cut from a stream and read into columns without an object for each span.
import {
  ERROR,
  LINKS,
  NO_SERVICE,
  NO_TIME,
  SpanTable,
  hostOf,
  thresholdOf,
  type Attribute,
  type Origin,
  type SpanEvent,
  type SpanLink,
  type SpanRecord,
  type SpanStore,
} from './spans'

const UTF8 = new TextDecoder()

/** Reads one protobuf message: `next` moves to a field, the other methods take its value. */
export class Fields {
  field = 0
  private wire = 0
  private low = 0
  private high = 0

  constructor(
    readonly bytes: Uint8Array,
    public at: number,
    readonly end: number,
  ) {}

  next(): boolean {
    if (this.at >= this.end) return false
    const tag = this.varint()
    this.field = tag >>> 3
    this.wire = tag & 7
    return true
  }

  /** Up to 53 bits, which is all that lengths and counts need. */
  varint(): number {
    this.varint64()
    return this.high * 2 ** 32 + this.low
  }

  bool(): boolean {
    return this.varint() !== 0
  }

  /** A signed 64-bit number. */
  int64(): bigint {
    this.varint64()
    return BigInt.asIntN(64, (BigInt(this.high) << 32n) | BigInt(this.low))
  }

  fixed64(): bigint {
    const low = this.fixed32()
    const high = this.fixed32()
    return (BigInt(high) << 32n) | BigInt(low)
  }

  fixed32(): number {
    const { bytes, at } = this
    if (at + 4 > this.end) throw new Error('the answer is cut off within a number')
    this.at = at + 4
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  }

  double(): number {
    const { bytes, at } = this
    this.at += 8
    return new DataView(bytes.buffer, bytes.byteOffset + at, 8).getFloat64(0, true)
  }

  /** The field's value as a message of its own. */
  message(): Fields {
    const length = this.varint()
    const from = this.at
    this.at = from + length
    if (this.at > this.end) throw new Error('the answer is cut off within a message')
    return new Fields(this.bytes, from, this.at)
  }

  slice(): Uint8Array {
    const inner = this.message()
    return this.bytes.subarray(inner.at, inner.end)
  }

  text(): string {
    return UTF8.decode(this.slice())
  }

  skip(): void {
    switch (this.wire) {
      case 0:
        this.varint64()
        break
      case 1:
        this.at += 8
        break
      case 2:
        this.message()
        break
      case 5:
        this.at += 4
        break
      default:
        throw new Error(`wire type: ${this.wire} (expected: 0, 1, 2 or 5)`)
    }
  }

  private varint64(): void {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.end) throw new Error('the answer is cut off within a number')
      const byte = this.bytes[this.at++]!
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high |= bits >>> 4
      } else high |= bits << (shift - 32)
      if (byte < 0x80) break
    }
    this.low = low >>> 0
    this.high = high >>> 0
  }
}

/** Cuts a stream of `TracesData` into its `ResourceSpans`, each as soon as it is whole. */
export class ResourceSpansCutter {
  private rest = new Uint8Array(0)
  private body: Uint8Array | undefined
  private filled = 0

  push(chunk: Uint8Array): Uint8Array[] {
    const whole: Uint8Array[] = []
    let at = 0
    for (;;) {
      if (this.body) {
        const take = Math.min(this.body.length - this.filled, chunk.length - at)
        this.body.set(chunk.subarray(at, at + take), this.filled)
        this.filled += take
        at += take
        if (this.filled < this.body.length) return whole
        whole.push(this.body)
        this.body = undefined
      }
      if (at === chunk.length) return whole
      // The head of a message: a tag and a length, at most 11 bytes.
      const left = chunk.subarray(at, at + 16)
      const head = new Uint8Array(this.rest.length + left.length)
      head.set(this.rest)
      head.set(left, this.rest.length)
      const length = headOf(head)
      if (length === undefined) {
        if (head.length > 11) throw new Error('the answer is not OTLP')
        this.rest = head
        return whole
      }
      at += length.bytes - this.rest.length
      this.rest = new Uint8Array(0)
      this.body = new Uint8Array(length.body)
      this.filled = 0
    }
  }

  /** Whether the stream ended where a message did. */
  get complete(): boolean {
    return this.body === undefined && this.rest.length === 0
  }
}

function headOf(head: Uint8Array): { bytes: number; body: number } | undefined {
  if (head.length === 0) return undefined
  if (head[0] !== 0x0a) throw new Error('the answer is not OTLP')
  let body = 0
  for (let i = 1; i < head.length && i < 11; i++) {
    body += (head[i]! & 0x7f) * 2 ** (7 * (i - 1))
    if (head[i]! < 0x80) return { bytes: i + 1, body }
  }
  return undefined
}

/** Texts found by their bytes, so that one that comes again is not decoded again. */
class ByteTexts {
  private readonly numbers = new Map<number, { bytes: Uint8Array; number: number }[]>()

  number(bytes: Uint8Array, decode: (bytes: Uint8Array) => number): number {
    let hash = 0x811c9dc5
    for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
    const found = this.numbers.get(hash)
    const known = found?.find(entry => same(entry.bytes, bytes))
    if (known) return known.number
    const entry = { bytes, number: decode(bytes) }
    if (found) found.push(entry)
    else this.numbers.set(hash, [entry])
    return entry.number
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** The spans of an answer in protobuf. Its bytes are kept, so that a span can be read in full when somebody looks. */
export class BytesStore implements SpanStore {
  readonly table = new SpanTable()
  private readonly pieces: Uint8Array[] = []
  private readonly origins: { resource: Origin; scope: Origin }[] = []
  private readonly names = new ByteTexts()
  private readonly thresholds = new ByteTexts()
  private readonly thresholdList: number[] = []
  private piece = new Int32Array(256)
  private from = new Int32Array(256)
  private to = new Int32Array(256)
  private origin = new Int32Array(256)

  /** Adds one `ResourceSpans`. */
  add(piece: Uint8Array): void {
    const { table } = this
    let resource = readOrigin(undefined)
    let schemaUrl = ''
    const scopes: Fields[] = []
    const fields = new Fields(piece, 0, piece.length)
    while (fields.next()) {
      if (fields.field === 1) resource = readOrigin(fields.message(), true)
      else if (fields.field === 2) scopes.push(fields.message())
      else if (fields.field === 3) schemaUrl = fields.text()
      else fields.skip()
    }
    resource = { ...resource, schemaUrl }
    const service = table.services.number(
      resource.attributes.find(attribute => attribute.key === 'service.name')?.text || NO_SERVICE,
    )
    const host = table.hosts.number(hostOf(resource))
    this.pieces.push(piece)
    for (const scope of scopes) this.addScope(scope, resource, service, host)
  }

  record(index: number): SpanRecord {
    const bytes = this.pieces[this.piece[index]!]!
    const { resource, scope } = this.origins[this.origin[index]!]!
    return readSpan(new Fields(bytes, this.from[index]!, this.to[index]!), resource, scope)
  }

  private addScope(message: Fields, resource: Origin, service: number, host: number): void {
    let scope = readOrigin(undefined)
    const spans: Fields[] = []
    let schemaUrl = ''
    while (message.next()) {
      if (message.field === 1) scope = readOrigin(message.message())
      else if (message.field === 2) spans.push(message.message())
      else if (message.field === 3) schemaUrl = message.text()
      else message.skip()
    }
    const origin = this.origins.push({ resource, scope: { ...scope, schemaUrl } }) - 1
    for (const span of spans) this.addSpan(span, origin, service, host)
  }

  private addSpan(span: Fields, origin: number, service: number, host: number): void {
    const { table } = this
    const index = table.size
    if (index === this.piece.length) this.grow()
    this.piece[index] = this.pieces.length - 1
    this.from[index] = span.at
    this.to[index] = span.end
    this.origin[index] = origin
    let idHigh = 0
    let idLow = 0
    let parentHigh = 0
    let parentLow = 0
    let startHigh = 0
    let startLow = 0
    let endHigh = 0
    let endLow = 0
    let name = -1
    let kind = 0
    let flags = 0
    let threshold = 0
    const events: Fields[] = []
    while (span.next()) {
      switch (span.field) {
        case 1:
          if (table.traceId === '') table.traceId = hex(span.slice())
          else span.skip()
          break
        case 2:
        case 4: {
          const id = span.slice()
          const high = big32(id, 0)
          const low = big32(id, 4)
          if (span.field === 2) {
            idHigh = high
            idLow = low
          } else {
            parentHigh = high
            parentLow = low
          }
          break
        }
        case 3: {
          const number = this.thresholds.number(
            span.slice(),
            bytes => this.thresholdList.push(thresholdOf(UTF8.decode(bytes))) - 1,
          )
          threshold = this.thresholdList[number]!
          break
        }
        case 5:
          name = this.names.number(span.slice(), bytes => table.names.number(UTF8.decode(bytes)))
          break
        case 6:
          kind = span.varint()
          break
        case 7:
          startLow = span.fixed32()
          startHigh = span.fixed32()
          break
        case 8:
          endLow = span.fixed32()
          endHigh = span.fixed32()
          break
        case 9:
          if (!table.keptForError) table.keptForError = isHeadErrorBytes(span.slice())
          else span.skip()
          break
        case 11:
          events.push(span.message())
          break
        case 13:
          flags |= LINKS
          span.skip()
          break
        case 15:
          if (statusCode(span.message()) === 2) flags |= ERROR
          break
        default:
          span.skip()
      }
    }
    const timed = startHigh !== 0 || startLow !== 0
    if (!timed) flags |= NO_TIME
    else table.base ??= (BigInt(startHigh) << 32n) | BigInt(startLow)
    const baseHigh = Number((table.base ?? 0n) >> 32n)
    const baseLow = Number((table.base ?? 0n) & 0xffffffffn)
    table.push({
      idHigh,
      idLow,
      parentHigh,
      parentLow,
      start: timed ? (startHigh - baseHigh) * 2 ** 32 + (startLow - baseLow) : NaN,
      duration: Math.max(0, (endHigh - startHigh) * 2 ** 32 + (endLow - startLow)),
      service,
      name: name < 0 ? table.names.number('') : name,
      host,
      kind,
      flags,
      threshold,
    })
    for (const event of events) {
      while (event.next()) {
        if (event.field === 1) {
          const low = event.fixed32()
          const high = event.fixed32()
          table.pushEvent((high - baseHigh) * 2 ** 32 + (low - baseLow))
        } else event.skip()
      }
    }
  }

  private grow(): void {
    const larger = (array: Int32Array<ArrayBuffer>) => {
      const next = new Int32Array(2 * array.length)
      next.set(array)
      return next
    }
    this.piece = larger(this.piece)
    this.from = larger(this.from)
    this.to = larger(this.to)
    this.origin = larger(this.origin)
  }
}

function big32(id: Uint8Array, at: number): number {
  return ((id[at]! << 24) | (id[at + 1]! << 16) | (id[at + 2]! << 8) | id[at + 3]!) >>> 0
}

function hex(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 4) text += big32(bytes, i).toString(16).padStart(8, '0')
  return text
}

function statusCode(status: Fields): number {
  let code = 0
  while (status.next()) {
    if (status.field === 3) code = status.varint()
    else status.skip()
  }
  return code
}

const HEAD = new TextEncoder().encode('millrace.head')

/** Whether a `KeyValue` says that the head kept a span because of an error. */
function isHeadErrorBytes(pair: Uint8Array): boolean {
  // Nearly all keys differ in their length.
  if (pair[1] !== HEAD.length || !same(pair.subarray(2, 2 + HEAD.length), HEAD)) return false
  const attribute = readAttribute(new Fields(pair, 0, pair.length))
  return attribute.text === 'error'
}

/** A resource, or a scope; undefined is one that says nothing. */
function readOrigin(message: Fields | undefined, resource = false): Origin {
  const origin: Origin = { name: '', version: '', attributes: [], dropped: 0, schemaUrl: '' }
  while (message?.next()) {
    // A resource begins with its attributes, a scope with its name and version.
    switch (resource ? message.field + 2 : message.field) {
      case 1:
        origin.name = message.text()
        break
      case 2:
        origin.version = message.text()
        break
      case 3:
        origin.attributes.push(readAttribute(message.message()))
        break
      case 4:
        origin.dropped = message.varint()
        break
      default:
        message.skip()
    }
  }
  return origin
}

function readSpan(fields: Fields, resource: Origin, scope: Origin): SpanRecord {
  const span: SpanRecord = {
    traceId: '',
    spanId: '',
    parentSpanId: '',
    traceState: '',
    name: '',
    kind: 0,
    start: 0n,
    end: 0n,
    attributes: [],
    droppedAttributes: 0,
    events: [],
    droppedEvents: 0,
    links: [],
    droppedLinks: 0,
    statusCode: 0,
    statusMessage: '',
    resource,
    scope,
  }
  while (fields.next()) {
    switch (fields.field) {
      case 1:
        span.traceId = hex(fields.slice())
        break
      case 2:
        span.spanId = hex(fields.slice())
        break
      case 3:
        span.traceState = fields.text()
        break
      case 4:
        span.parentSpanId = hex(fields.slice())
        break
      case 5:
        span.name = fields.text()
        break
      case 6:
        span.kind = fields.varint()
        break
      case 7:
        span.start = fields.fixed64()
        break
      case 8:
        span.end = fields.fixed64()
        break
      case 9:
        span.attributes.push(readAttribute(fields.message()))
        break
      case 10:
        span.droppedAttributes = fields.varint()
        break
      case 11:
        span.events.push(readEvent(fields.message()))
        break
      case 12:
        span.droppedEvents = fields.varint()
        break
      case 13:
        span.links.push(readLink(fields.message()))
        break
      case 14:
        span.droppedLinks = fields.varint()
        break
      case 15: {
        const status = fields.message()
        while (status.next()) {
          if (status.field === 2) span.statusMessage = status.text()
          else if (status.field === 3) span.statusCode = status.varint()
          else status.skip()
        }
        break
      }
      default:
        fields.skip()
    }
  }
  return span
}

function readEvent(fields: Fields): SpanEvent {
  const event: SpanEvent = { time: 0n, name: '', attributes: [], dropped: 0 }
  while (fields.next()) {
    switch (fields.field) {
      case 1:
        event.time = fields.fixed64()
        break
      case 2:
        event.name = fields.text()
        break
      case 3:
        event.attributes.push(readAttribute(fields.message()))
        break
      case 4:
        event.dropped = fields.varint()
        break
      default:
        fields.skip()
    }
  }
  return event
}

function readLink(fields: Fields): SpanLink {
  const link: SpanLink = { traceId: '', spanId: '', traceState: '', attributes: [], dropped: 0 }
  while (fields.next()) {
    switch (fields.field) {
      case 1:
        link.traceId = hex(fields.slice())
        break
      case 2:
        link.spanId = hex(fields.slice())
        break
      case 3:
        link.traceState = fields.text()
        break
      case 4:
        link.attributes.push(readAttribute(fields.message()))
        break
      case 5:
        link.dropped = fields.varint()
        break
      default:
        fields.skip()
    }
  }
  return link
}

export function readAttribute(fields: Fields): Attribute {
  const attribute: Attribute = { key: '', type: 'empty', text: '' }
  while (fields.next()) {
    if (fields.field === 1) attribute.key = fields.text()
    else if (fields.field === 2) Object.assign(attribute, readValue(fields.message()))
    else fields.skip()
  }
  return attribute
}

type Value = Pick<Attribute, 'type' | 'text'>

function readValue(fields: Fields): Value {
  let value: Value = { type: 'empty', text: '' }
  while (fields.next()) {
    switch (fields.field) {
      case 1:
        value = { type: 'string', text: fields.text() }
        break
      case 2:
        value = { type: 'bool', text: String(fields.bool()) }
        break
      case 3:
        value = { type: 'int', text: String(fields.int64()) }
        break
      case 4:
        value = { type: 'double', text: String(fields.double()) }
        break
      case 5: {
        const items: string[] = []
        const list = fields.message()
        while (list.next()) {
          if (list.field === 1) items.push(quoted(readValue(list.message())))
          else list.skip()
        }
        value = { type: 'array', text: `[${items.join(', ')}]` }
        break
      }
      case 6: {
        const pairs: string[] = []
        const map = fields.message()
        while (map.next()) {
          if (map.field === 1) {
            const pair = readAttribute(map.message())
            pairs.push(`${JSON.stringify(pair.key)}: ${quoted(pair)}`)
          } else map.skip()
        }
        value = { type: 'map', text: `{${pairs.join(', ')}}` }
        break
      }
      case 7: {
        const bytes = fields.slice()
        value = { type: 'bytes', text: Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('') }
        break
      }
      default:
        fields.skip()
    }
  }
  return value
}

/** A value inside another, where text stands in quotes. */
export function quoted({ type, text }: Value): string {
  return type === 'string' || type === 'bytes' ? JSON.stringify(text) : type === 'empty' ? 'null' : text
}
