import { KINDS, type Attribute, type SpanRecord, type SpanStore } from './spans'

/**
 * The indexes of spans that say all of the words somewhere: in service, name, kind, ids, keys and values of attributes,
 * events, links, status. Upper and lower case are the same. `key=value` asks for that attribute, whose value may go on.
 * Stops in between to ask whether the search is still wanted.
 */
export function* find(store: SpanStore, text: string): Generator<undefined, Int32Array<ArrayBuffer>> {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const { table } = store
  const found = new Int32Array(words.length === 0 ? 0 : table.size)
  let count = 0
  const inNames = words.map(word => table.names.list.map(name => name.toLowerCase().includes(word)))
  const inServices = words.map(word => table.services.list.map(name => name.toLowerCase().includes(word)))
  for (let i = 0; i < found.length; i++) {
    if (i % BETWEEN === BETWEEN - 1) yield
    const left = words.filter((_, w) => !inNames[w]![table.name[i]!] && !inServices[w]![table.service[i]!])
    if (left.length > 0) {
      const record = store.record(i)
      if (!left.every(word => says(record, word))) continue
    }
    found[count++] = i
  }
  return found.slice(0, count)
}

const BETWEEN = 2_000

function says(record: SpanRecord, word: string): boolean {
  const has = (text: string) => text.toLowerCase().includes(word)
  const equals = word.indexOf('=')
  const pair = equals > 0 ? [word.slice(0, equals), word.slice(equals + 1)] : undefined
  const fits = ({ key, text }: Attribute) =>
    pair ? (key.toLowerCase() === pair[0] && text.toLowerCase().startsWith(pair[1]!)) || has(text) : has(key) || has(text)
  return (
    has(record.spanId) ||
    has(record.statusMessage) ||
    has(KINDS[record.kind] ?? '') ||
    (record.statusCode === 2 && word === 'error') ||
    has(record.scope.name) ||
    record.attributes.some(fits) ||
    record.resource.attributes.some(fits) ||
    record.scope.attributes.some(fits) ||
    record.events.some(event => has(event.name) || event.attributes.some(fits)) ||
    record.links.some(link => has(link.traceId) || has(link.spanId) || link.attributes.some(fits))
  )
}
