// Traces in files: OTLP, Jaeger and Zipkin JSON, as this server and others let people download them.
import { quoted } from './otlpBytes'
import { NO_ORIGIN, type Attribute, type Origin, type SpanEvent, type SpanLink, type SpanRecord } from './spans'

export type FileFormat = 'OTLP' | 'Jaeger' | 'Zipkin'

export interface TraceFile {
  format: FileFormat
  /** The spans by the id of their trace, in the order of the file. */
  traces: Map<string, SpanRecord[]>
}

/** Reads a file, whatever of the three it is. Throws an error in words for the reader. */
export function readFile(text: string): TraceFile {
  const { format, spans } = recognise(parse(text))
  const traces = new Map<string, SpanRecord[]>()
  for (const span of spans) {
    const trace = traces.get(span.traceId)
    if (trace) trace.push(span)
    else traces.set(span.traceId, [span])
  }
  if (traces.size === 0) throw new Error(`the file is ${format} JSON, and has no spans`)
  return { format, traces }
}

type Json = Record<string, unknown>

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // The Collector's file exporter writes one request a line.
    const lines = text.split('\n').filter(line => line.trim() !== '')
    try {
      if (lines.length > 1) return { resourceSpans: lines.flatMap(line => list(object(JSON.parse(line))['resourceSpans'])) }
    } catch {
      // Neither one nor the other: the first error says more.
    }
    throw new Error(`the file is not JSON: ${(error as Error).message}`)
  }
}

function recognise(value: unknown): { format: FileFormat; spans: SpanRecord[] } {
  const root = object(value)
  const inner = object(root['result'] ?? root['trace'] ?? root)
  const groups = inner['resourceSpans'] ?? inner['batches']
  if (Array.isArray(groups)) return { format: 'OTLP', spans: groups.flatMap(group => otlp(object(group))) }
  const jaeger = Array.isArray(root['data']) ? list(root['data']) : 'spans' in root ? [root] : undefined
  if (jaeger) return { format: 'Jaeger', spans: jaeger.flatMap(trace => jaegerTrace(object(trace))) }
  if (Array.isArray(value)) {
    const flat = value.flat(1)
    if (flat.every(span => 'traceId' in object(span) && 'id' in object(span))) {
      return { format: 'Zipkin', spans: flat.map(span => zipkin(object(span))) }
    }
  }
  throw new Error('the file is JSON, but neither OTLP nor Jaeger nor Zipkin (expected: resourceSpans, data or an array of spans)')
}

// OTLP

function otlp(group: Json): SpanRecord[] {
  const resource = { ...origin(object(group['resource'])), schemaUrl: text(group['schemaUrl']) }
  return list(group['scopeSpans'] ?? group['instrumentationLibrarySpans']).flatMap(entry => {
    const part = object(entry)
    const scope = {
      ...origin(object(part['scope'] ?? part['instrumentationLibrary'])),
      schemaUrl: text(part['schemaUrl']),
    }
    return list(part['spans']).map(span => otlpSpan(object(span), resource, scope))
  })
}

function origin(json: Json): Origin {
  return {
    name: text(json['name']),
    version: text(json['version']),
    attributes: pairs(json['attributes']),
    dropped: count(json['droppedAttributesCount']),
    schemaUrl: '',
  }
}

function otlpSpan(span: Json, resource: Origin, scope: Origin): SpanRecord {
  const status = object(span['status'])
  return {
    traceId: id(span['traceId'], 32),
    spanId: id(span['spanId'], 16),
    parentSpanId: id(span['parentSpanId'], 16),
    traceState: text(span['traceState']),
    name: text(span['name']),
    kind: enumeration(span['kind'], 'SPAN_KIND_', ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']),
    start: nanos(span['startTimeUnixNano']),
    end: nanos(span['endTimeUnixNano']),
    attributes: pairs(span['attributes']),
    droppedAttributes: count(span['droppedAttributesCount']),
    events: list(span['events']).map(object).map(
      (event): SpanEvent => ({
        time: nanos(event['timeUnixNano']),
        name: text(event['name']),
        attributes: pairs(event['attributes']),
        dropped: count(event['droppedAttributesCount']),
      }),
    ),
    droppedEvents: count(span['droppedEventsCount']),
    links: list(span['links']).map(object).map(
      (link): SpanLink => ({
        traceId: id(link['traceId'], 32),
        spanId: id(link['spanId'], 16),
        traceState: text(link['traceState']),
        attributes: pairs(link['attributes']),
        dropped: count(link['droppedAttributesCount']),
      }),
    ),
    droppedLinks: count(span['droppedLinksCount']),
    statusCode: enumeration(status['code'], 'STATUS_CODE_', ['UNSET', 'OK', 'ERROR']),
    statusMessage: text(status['message']),
    resource,
    scope,
  }
}

function pairs(value: unknown): Attribute[] {
  return list(value).map(entry => {
    const pair = object(entry)
    return { key: text(pair['key']), ...otlpValue(object(pair['value'])) }
  })
}

function otlpValue(value: Json): Omit<Attribute, 'key'> {
  if ('stringValue' in value) return { type: 'string', text: text(value['stringValue']) }
  if ('boolValue' in value) return { type: 'bool', text: String(value['boolValue']) }
  if ('intValue' in value) return { type: 'int', text: String(value['intValue']) }
  if ('doubleValue' in value) return { type: 'double', text: String(value['doubleValue']) }
  if ('bytesValue' in value) return { type: 'bytes', text: hexOfBase64(text(value['bytesValue'])) }
  if ('arrayValue' in value) {
    const items = list(object(value['arrayValue'])['values']).map(item => quoted(otlpValue(object(item))))
    return { type: 'array', text: `[${items.join(', ')}]` }
  }
  if ('kvlistValue' in value) {
    const entries = pairs(object(value['kvlistValue'])['values'])
    return { type: 'map', text: `{${entries.map(entry => `${JSON.stringify(entry.key)}: ${quoted(entry)}`).join(', ')}}` }
  }
  return { type: 'empty', text: '' }
}

// Jaeger

function jaegerTrace(trace: Json): SpanRecord[] {
  const processes = object(trace['processes'])
  return list(trace['spans']).map(entry => {
    const span = object(entry)
    const process = object(span['process'] ?? processes[text(span['processID'])])
    return jaegerSpan(span, process)
  })
}

function jaegerSpan(span: Json, process: Json): SpanRecord {
  const traceId = id(span['traceID'], 32)
  const references = list(span['references']).map(object)
  const inside = references.filter(reference => id(reference['traceID'], 32) === traceId)
  const parent = inside.find(reference => reference['refType'] === 'CHILD_OF') ?? inside[0]
  const tags = jaegerTags(span['tags'])
  const tag = (key: string) => tags.find(candidate => candidate.key === key)?.text ?? ''
  const start = micros(span['startTime'])
  const failed = tag('error') === 'true' || tag('otel.status_code') === 'ERROR'
  const kind = tag('span.kind')
  return {
    traceId,
    spanId: id(span['spanID'], 16),
    parentSpanId: parent ? id(parent['spanID'], 16) : id(span['parentSpanID'], 16),
    traceState: tag('w3c.tracestate'),
    name: text(span['operationName']),
    kind: Math.max(0, KIND_NAMES.indexOf(kind.toUpperCase())),
    start,
    end: start + micros(span['duration']),
    attributes: tags.filter(candidate => !TOLD_ELSEWHERE.has(candidate.key)),
    droppedAttributes: 0,
    events: list(span['logs']).map(object).map((log): SpanEvent => {
      const fields = jaegerTags(log['fields'])
      const name = fields.find(field => field.key === 'event') ?? fields.find(field => field.key === 'message')
      return {
        time: micros(log['timestamp']),
        name: name?.text ?? '',
        attributes: fields.filter(field => field !== name),
        dropped: 0,
      }
    }),
    droppedEvents: 0,
    links: references
      .filter(reference => reference !== parent)
      .map(reference => ({
        traceId: id(reference['traceID'], 32),
        spanId: id(reference['spanID'], 16),
        traceState: '',
        attributes: [],
        dropped: 0,
      })),
    droppedLinks: 0,
    statusCode: failed ? 2 : tag('otel.status_code') === 'OK' ? 1 : 0,
    statusMessage: tag('otel.status_description'),
    resource: {
      ...NO_ORIGIN,
      attributes: [
        { key: 'service.name', type: 'string', text: text(process['serviceName']) },
        ...jaegerTags(process['tags']),
      ],
    },
    scope: {
      ...NO_ORIGIN,
      name: tag('otel.scope.name') || tag('otel.library.name'),
      version: tag('otel.scope.version') || tag('otel.library.version'),
    },
  }
}

const KIND_NAMES = ['', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']
const TOLD_ELSEWHERE = new Set([
  'span.kind',
  'w3c.tracestate',
  'otel.status_code',
  'otel.status_description',
  'otel.scope.name',
  'otel.scope.version',
  'otel.library.name',
  'otel.library.version',
])

function jaegerTags(value: unknown): Attribute[] {
  return list(value).map(entry => {
    const tag = object(entry)
    const type = text(tag['type'])
    return {
      key: text(tag['key']),
      type:
        type === 'bool' ? 'bool' : type === 'int64' ? 'int' : type === 'float64' ? 'double' : type === 'binary' ? 'bytes' : 'string',
      text: typeof tag['value'] === 'object' ? JSON.stringify(tag['value']) : String(tag['value'] ?? ''),
    }
  })
}

// Zipkin

function zipkin(span: Json): SpanRecord {
  const local = object(span['localEndpoint'])
  const remote = object(span['remoteEndpoint'])
  const tags = Object.entries(object(span['tags'])).map(
    ([key, value]): Attribute => ({ key, type: 'string', text: String(value) }),
  )
  const start = micros(span['timestamp'])
  const error = tags.find(tag => tag.key === 'error')
  return {
    traceId: id(span['traceId'], 32),
    spanId: id(span['id'], 16),
    parentSpanId: id(span['parentId'], 16),
    traceState: '',
    name: text(span['name']),
    kind: Math.max(0, KIND_NAMES.indexOf(text(span['kind']))),
    start,
    end: start + micros(span['duration']),
    attributes: [...tags, ...endpoint(remote, 'peer.service', 'peer.')],
    droppedAttributes: 0,
    events: list(span['annotations']).map(object).map(annotation => ({
      time: micros(annotation['timestamp']),
      name: text(annotation['value']),
      attributes: [],
      dropped: 0,
    })),
    droppedEvents: 0,
    links: [],
    droppedLinks: 0,
    statusCode: error && error.text !== 'false' ? 2 : 0,
    statusMessage: error && error.text !== 'true' ? error.text : '',
    resource: { ...NO_ORIGIN, attributes: endpoint(local, 'service.name', 'host.') },
    scope: NO_ORIGIN,
  }
}

function endpoint(json: Json, nameKey: string, prefix: string): Attribute[] {
  const attributes: Attribute[] = []
  const add = (key: string, value: unknown) => {
    if (value !== undefined && value !== '') attributes.push({ key, type: 'string', text: String(value) })
  }
  add(nameKey, json['serviceName'])
  add(`${prefix}ip`, json['ipv4'] ?? json['ipv6'])
  add(`${prefix}port`, json['port'])
  return attributes
}

// What JSON may turn out to be

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {}
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : String(value)
}

function count(value: unknown): number {
  const number = Number(value ?? 0)
  return Number.isFinite(number) && number > 0 ? number : 0
}

function nanos(value: unknown): bigint {
  const digits = typeof value === 'number' ? String(Math.round(value)) : text(value)
  return /^\d{1,20}$/.test(digits) ? BigInt(digits) : 0n
}

function micros(value: unknown): bigint {
  const number = Number(value ?? 0)
  return Number.isFinite(number) && number > 0 ? BigInt(Math.round(number)) * 1000n : 0n
}

/** An id in hexadecimal digits, or in the base64 that protobuf's own JSON has. */
function id(value: unknown, digits: 16 | 32): string {
  const given = text(value)
  if (given === '') return ''
  if (/^[0-9a-f]+$/i.test(given) && given.length <= 32) return given.toLowerCase().padStart(digits, '0').slice(-digits)
  return hexOfBase64(given).padStart(digits, '0').slice(-digits)
}

function hexOfBase64(given: string): string {
  try {
    return Array.from(atob(given), char => char.charCodeAt(0).toString(16).padStart(2, '0')).join('')
  } catch {
    return given
  }
}

function enumeration(value: unknown, prefix: string, names: readonly string[]): number {
  if (typeof value === 'number') return value
  return Math.max(0, names.indexOf(text(value).replace(prefix, '')))
}
