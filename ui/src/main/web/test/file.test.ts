import { describe, expect, test } from 'vitest'
import { readFile } from '../src/trace/file'
import { RecordStore } from '../src/trace/spans'
import { build } from '../src/trace/tree'

const ID = '0af7651916cd43dd8448eb211c80319c'

const OTLP = {
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeSpans: [
        {
          scope: { name: 'lib', version: '2' },
          spans: [
            {
              traceId: ID,
              spanId: 'b7ad6b7169203331',
              parentSpanId: '00f067aa0ba902b7',
              name: '<b>GET</b>',
              kind: 2,
              startTimeUnixNano: '1795230000000000000',
              endTimeUnixNano: '1795230000000005000',
              attributes: [
                { key: 'n', value: { intValue: '9007199254740993' } },
                { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }, { boolValue: false }] } } },
                { key: 'map', value: { kvlistValue: { values: [{ key: 'k', value: { doubleValue: 1.5 } }] } } },
                { key: 'raw', value: { bytesValue: 'AQI=' } },
              ],
              droppedAttributesCount: 3,
              events: [{ timeUnixNano: '1795230000000001000', name: 'hit' }],
              links: [{ traceId: ID.replace('0', '1'), spanId: 'b7ad6b7169203331' }],
              status: { code: 2, message: 'no' },
            },
          ],
        },
      ],
    },
  ],
}

const JAEGER = {
  data: [
    {
      traceID: ID,
      processes: { p1: { serviceName: 'shop', tags: [{ key: 'host.name', type: 'string', value: 'h' }] } },
      spans: [
        {
          traceID: ID,
          spanID: 'b7ad6b7169203331',
          operationName: 'GET /',
          references: [
            { refType: 'FOLLOWS_FROM', traceID: '1'.repeat(32), spanID: '1'.repeat(16) },
            { refType: 'CHILD_OF', traceID: ID, spanID: '00f067aa0ba902b7' },
          ],
          startTime: 1_795_230_000_000_000,
          duration: 5,
          tags: [
            { key: 'span.kind', type: 'string', value: 'server' },
            { key: 'error', type: 'bool', value: true },
            { key: 'otel.status_description', type: 'string', value: 'no' },
          ],
          logs: [{ timestamp: 1_795_230_000_000_001, fields: [{ key: 'event', type: 'string', value: 'hit' }] }],
          processID: 'p1',
        },
      ],
    },
  ],
}

const ZIPKIN = [
  {
    traceId: ID,
    id: 'b7ad6b7169203331',
    parentId: '00f067aa0ba902b7',
    name: 'get',
    kind: 'SERVER',
    timestamp: 1_795_230_000_000_000,
    duration: 5,
    localEndpoint: { serviceName: 'shop', ipv4: '10.0.0.1' },
    remoteEndpoint: { serviceName: 'till' },
    annotations: [{ timestamp: 1_795_230_000_000_001, value: 'hit' }],
    tags: { error: 'no' },
  },
]

function only(value: unknown) {
  const { format, traces } = readFile(JSON.stringify(value))
  return { format, spans: traces.get(ID)! }
}

describe('a file', () => {
  test.each([
    ['OTLP', OTLP],
    ['OTLP', { result: OTLP }],
    ['OTLP', { batches: OTLP.resourceSpans }],
    ['Jaeger', JAEGER],
    ['Jaeger', JAEGER.data[0]],
    ['Zipkin', ZIPKIN],
    ['Zipkin', [ZIPKIN]],
  ])('of %s is recognised, and says the same as others', (format, value) => {
    const read = only(value)
    const [span] = read.spans

    expect(read.format).toBe(format)
    expect(span).toMatchObject({
      traceId: ID,
      spanId: 'b7ad6b7169203331',
      parentSpanId: '00f067aa0ba902b7',
      kind: 2,
      start: 1_795_230_000_000_000_000n,
      end: 1_795_230_000_000_005_000n,
      statusCode: 2,
      statusMessage: 'no',
      events: [{ time: 1_795_230_000_000_001_000n, name: 'hit' }],
    })
    const { facts } = build(new RecordStore(read.spans).table, true)
    expect(facts).toMatchObject({ services: ['shop'], errors: 1, orphans: 1, duration: 5000 })
  })

  test('of OTLP keeps every kind of value', () => {
    expect(only(OTLP).spans[0]).toMatchObject({
      name: '<b>GET</b>',
      droppedAttributes: 3,
      attributes: [
        { key: 'n', type: 'int', text: '9007199254740993' },
        { key: 'list', type: 'array', text: '["a", false]' },
        { key: 'map', type: 'map', text: '{"k": 1.5}' },
        { key: 'raw', type: 'bytes', text: '0102' },
      ],
      scope: { name: 'lib', version: '2' },
    })
  })

  test('of Jaeger keeps the references that are no parent as links', () => {
    expect(only(JAEGER).spans[0]!.links).toMatchObject([{ traceId: '1'.repeat(32), spanId: '1'.repeat(16) }])
  })

  test('of several requests, one a line, is read whole', () => {
    const { traces } = readFile(`${JSON.stringify(OTLP)}\n${JSON.stringify(OTLP)}\n`)

    expect(traces.get(ID)).toHaveLength(2)
  })

  test.each([
    ['no JSON', 'the file is not JSON'],
    ['{"a":1}', 'neither OTLP nor Jaeger nor Zipkin'],
    ['[1]', 'neither OTLP nor Jaeger nor Zipkin'],
    ['{"resourceSpans":[]}', 'has no spans'],
  ])('that holds %s is refused in words', (text, words) => {
    expect(() => readFile(text)).toThrow(words)
  })
})
