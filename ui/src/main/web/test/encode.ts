// Writes OTLP's protobuf for tests, by hand, so that what reads it is held against something else.

export interface TestSpan {
  id: number
  parent?: number
  name?: string
  service?: string
  host?: string
  kind?: number
  /** Nanoseconds after `BASE`; undefined for a span without a time. */
  start?: number
  duration?: number
  error?: string
  attributes?: Record<string, string | number | boolean>
  events?: { at: number; name: string }[]
  links?: { traceId: string; spanId: number }[]
  traceState?: string
}

export const TRACE_ID = '0123456789abcdef0123456789abcdef'
export const BASE = 1_795_230_000_000_000_000n

type Part = Uint8Array

export function encode(spans: readonly TestSpan[], traceId = TRACE_ID): Uint8Array {
  const groups = new Map<string, TestSpan[]>()
  for (const span of spans) {
    const key = `${span.service ?? 'shop'}\0${span.host ?? ''}`
    const members = groups.get(key)
    if (members) members.push(span)
    else groups.set(key, [span])
  }
  return joined(
    [...groups].map(([key, members]) => {
      const [service, host] = key.split('\0') as [string, string]
      const resource = [keyValue('service.name', service), ...(host ? [keyValue('host.name', host)] : [])]
      return bytes(1, [
        bytes(1, resource.map(pair => bytes(1, [pair]))),
        bytes(2, [bytes(1, [text(1, 'tests'), text(2, '1.0')]), ...members.map(span => bytes(2, [spanOf(span, traceId)]))]),
      ])
    }),
  )
}

function spanOf(span: TestSpan, traceId: string): Part {
  const start = span.start === undefined ? 0n : BASE + BigInt(span.start)
  return joined([
    raw(1, hex(traceId)),
    raw(2, idBytes(span.id)),
    ...(span.traceState === undefined ? [] : [text(3, span.traceState)]),
    ...(span.parent === undefined ? [] : [raw(4, idBytes(span.parent))]),
    text(5, span.name ?? `op-${span.id}`),
    varint(6, span.kind ?? 1),
    fixed64(7, start),
    fixed64(8, start === 0n ? 0n : start + BigInt(span.duration ?? 10)),
    ...Object.entries(span.attributes ?? {}).map(([key, value]) => bytes(9, [keyValue(key, value)])),
    ...(span.events ?? []).map(event => bytes(11, [fixed64(1, BASE + BigInt(event.at)), text(2, event.name)])),
    ...(span.links ?? []).map(link => bytes(13, [raw(1, hex(link.traceId)), raw(2, idBytes(link.spanId))])),
    ...(span.error === undefined ? [] : [bytes(15, [text(2, span.error), varint(3, 2)])]),
  ])
}

function keyValue(key: string, value: string | number | boolean): Part {
  const inner =
    typeof value === 'string' ? text(1, value) : typeof value === 'boolean' ? varint(2, Number(value)) : varint(3, value)
  return joined([text(1, key), bytes(2, [inner])])
}

function bytes(field: number, parts: readonly Part[]): Part {
  return raw(field, joined(parts))
}

function raw(field: number, content: Uint8Array): Part {
  return joined([number((field << 3) | 2), number(content.length), content])
}

function text(field: number, content: string): Part {
  return raw(field, new TextEncoder().encode(content))
}

function varint(field: number, value: number): Part {
  return joined([number(field << 3), number(value)])
}

function fixed64(field: number, value: bigint): Part {
  const part = new Uint8Array(9)
  part[0] = (field << 3) | 1
  new DataView(part.buffer).setBigUint64(1, value, true)
  return part
}

function number(value: number): Part {
  const out: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  do {
    const byte = Number(rest & 0x7fn)
    rest >>= 7n
    out.push(rest > 0n ? byte | 0x80 : byte)
  } while (rest > 0n)
  return Uint8Array.from(out)
}

function idBytes(id: number): Uint8Array {
  return hex(id.toString(16).padStart(16, '0'))
}

function hex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], pair => parseInt(pair, 16))
}

function joined(parts: readonly Part[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
