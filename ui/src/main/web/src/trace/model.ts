import type { JaegerSpan, JaegerTrace, Tag } from '../api'

/** A trace as the page shows it: spans in pre-order, each with its depth and the end of its subtree. */
export interface Trace {
  id: string
  /** Microseconds since the epoch. */
  start: number
  /** Microseconds from the first start to the last end. */
  duration: number
  spans: Span[]
  services: ServiceCount[]
  /** Levels in the tree; 1 when no span has a child. */
  depth: number
  errors: number
  warnings: string[]
}

export interface Span {
  id: string
  service: string
  operation: string
  kind: string | undefined
  /** Microseconds since the trace's start. */
  start: number
  duration: number
  depth: number
  /** Index of the parent's row, or -1. */
  parent: number
  /** Index after the last row of this span's subtree. */
  end: number
  error: boolean
  status: string | undefined
  /** The id of a parent that was named but is not in the trace. */
  missingParent: string | undefined
  scope: Tag[]
  attributes: Tag[]
  resource: Tag[]
  events: SpanEvent[]
  links: SpanLink[]
  warnings: string[]
}

export interface SpanEvent {
  name: string
  /** Microseconds since the trace's start. */
  time: number
  attributes: Tag[]
}

export interface SpanLink {
  traceId: string
  spanId: string
}

export interface ServiceCount {
  name: string
  spans: number
  errors: number
}

/** A trace in a list of results. */
export interface TraceSummary {
  id: string
  service: string
  operation: string
  start: number
  duration: number
  spans: number
  errors: number
  services: ServiceCount[]
  /** False when the span shown as root names a parent that is not in the trace. */
  rooted: boolean
}

export function summarise(trace: JaegerTrace): TraceSummary {
  const ids = new Set(trace.spans.map(span => span.spanID))
  const [start, end] = extent(trace.spans)
  let root: JaegerSpan | undefined
  let rooted = false
  for (const span of trace.spans) {
    const parent = parentOf(span)
    const isRoot = parent === undefined
    const isTop = isRoot || !ids.has(parent) || parent === span.spanID
    if (!isTop || (rooted && !isRoot)) continue
    if (root === undefined || (isRoot && !rooted) || span.startTime < root.startTime) root = span
    rooted ||= isRoot
  }
  root ??= trace.spans[0]
  return {
    id: trace.traceID,
    service: root ? serviceOf(trace, root) : '',
    operation: root?.operationName ?? '',
    start,
    duration: end - start,
    spans: trace.spans.length,
    errors: trace.spans.filter(failed).length,
    services: countServices(trace),
    rooted,
  }
}

export function buildTrace(trace: JaegerTrace): Trace {
  const [start, end] = extent(trace.spans)
  const { tops, children } = link(trace.spans)
  const rows: Span[] = []
  const seen = new Set<JaegerSpan>()
  let depth = 0

  // A stack instead of recursion: a trace may be deeper than the call stack. A frame without a
  // span closes the subtree of the row it names.
  const walk = (top: JaegerSpan, missing: string | undefined) => {
    const stack: { span?: JaegerSpan; row: number; depth: number }[] = [{ span: top, row: -1, depth: 0 }]
    for (let frame = stack.pop(); frame; frame = stack.pop()) {
      if (frame.span === undefined) {
        rows[frame.row]!.end = rows.length
        continue
      }
      if (seen.has(frame.span)) continue
      seen.add(frame.span)
      const row = rows.length
      rows.push(toSpan(trace, frame.span, start, frame.depth, frame.row, frame.span === top ? missing : undefined))
      depth = Math.max(depth, frame.depth + 1)
      stack.push({ row, depth: frame.depth })
      const next = children.get(frame.span) ?? []
      for (let i = next.length - 1; i >= 0; i--) {
        stack.push({ span: next[i]!, row, depth: frame.depth + 1 })
      }
    }
  }
  for (const top of tops) walk(top, parentOf(top))
  // Spans that are each other's ancestors hang on no root.
  for (const span of trace.spans) if (!seen.has(span)) walk(span, undefined)

  return {
    id: trace.traceID,
    start,
    duration: end - start,
    spans: rows,
    services: countServices(trace),
    depth,
    errors: rows.filter(span => span.error).length,
    warnings: trace.warnings ?? [],
  }
}

/** The rows to show when the given rows are folded, as indexes into the trace's spans. */
export function visibleRows(spans: readonly Span[], collapsed: ReadonlySet<number>): number[] {
  const rows: number[] = []
  for (let i = 0; i < spans.length; ) {
    rows.push(i)
    i = collapsed.has(i) ? spans[i]!.end : i + 1
  }
  return rows
}

/** The parent's span id: the first parent inside the trace, a direct parent before a followed one. */
function parentOf(span: JaegerSpan): string | undefined {
  const inside = (span.references ?? []).filter(reference => reference.traceID === span.traceID)
  return (inside.find(reference => reference.refType === 'CHILD_OF') ?? inside[0])?.spanID
}

function link(spans: readonly JaegerSpan[]) {
  const owners = new Map<string, JaegerSpan>()
  const clients = new Map<string, JaegerSpan>()
  for (const span of spans) {
    // A client and a server half may share an id: the server half then hangs under the client
    // half, and children hang under the server half.
    const kind = kindOf(span)
    if (kind === 'client' && !clients.has(span.spanID)) clients.set(span.spanID, span)
    if (kind === 'server' || !owners.has(span.spanID)) owners.set(span.spanID, span)
  }
  const tops: JaegerSpan[] = []
  const children = new Map<JaegerSpan, JaegerSpan[]>()
  for (const span of spans) {
    const client = clients.get(span.spanID)
    const shared = client !== undefined && client !== span && kindOf(span) === 'server'
    const id = parentOf(span)
    const parent = shared ? client : id === undefined || id === span.spanID ? undefined : owners.get(id)
    if (parent === undefined) {
      tops.push(span)
    } else {
      const siblings = children.get(parent)
      if (siblings) siblings.push(span)
      else children.set(parent, [span])
    }
  }
  for (const siblings of children.values()) siblings.sort(byStart)
  return { tops: tops.sort(byStart), children }
}

const SCOPE = ['otel.scope.name', 'otel.scope.version', 'otel.library.name', 'otel.library.version']
const SHOWN_ELSEWHERE = new Set([...SCOPE, 'span.kind', 'otel.status_code', 'otel.status_description', 'error'])

function toSpan(
  trace: JaegerTrace,
  span: JaegerSpan,
  traceStart: number,
  depth: number,
  parent: number,
  missingParent: string | undefined,
): Span {
  const tags = span.tags ?? []
  const parentId = parentOf(span)
  const links = (span.references ?? []).filter(
    reference => reference.traceID !== span.traceID || reference.spanID !== parentId,
  )
  return {
    id: span.spanID,
    service: serviceOf(trace, span),
    operation: span.operationName,
    kind: kindOf(span),
    start: span.startTime - traceStart,
    duration: span.duration,
    depth,
    parent,
    end: 0,
    error: failed(span),
    status: textOf(span, 'otel.status_description'),
    missingParent: missingParent === span.spanID ? undefined : missingParent,
    scope: tags.filter(tag => SCOPE.includes(tag.key)),
    attributes: tags.filter(tag => !SHOWN_ELSEWHERE.has(tag.key)).sort(byKey),
    resource: [...(trace.processes[span.processID]?.tags ?? [])].sort(byKey),
    events: (span.logs ?? [])
      .map(log => {
        const name = log.fields.find(field => field.key === 'event') ?? log.fields.find(field => field.key === 'message')
        return {
          name: name ? String(name.value) : 'event',
          time: log.timestamp - traceStart,
          attributes: log.fields.filter(field => field !== name),
        }
      })
      .sort((a, b) => a.time - b.time),
    links: links.map(reference => ({ traceId: reference.traceID, spanId: reference.spanID })),
    warnings: span.warnings ?? [],
  }
}

function failed(span: JaegerSpan): boolean {
  return (span.tags ?? []).some(
    tag =>
      (tag.key === 'error' && (tag.value === true || tag.value === 'true')) ||
      (tag.key === 'otel.status_code' && tag.value === 'ERROR'),
  )
}

function kindOf(span: JaegerSpan): string | undefined {
  return textOf(span, 'span.kind')
}

function textOf(span: JaegerSpan, key: string): string | undefined {
  const tag = (span.tags ?? []).find(candidate => candidate.key === key)
  return tag === undefined ? undefined : String(tag.value)
}

function serviceOf(trace: JaegerTrace, span: JaegerSpan): string {
  return trace.processes[span.processID]?.serviceName ?? '(unknown service)'
}

function countServices(trace: JaegerTrace): ServiceCount[] {
  const counts = new Map<string, ServiceCount>()
  for (const span of trace.spans) {
    const name = serviceOf(trace, span)
    const count = counts.get(name) ?? { name, spans: 0, errors: 0 }
    count.spans++
    if (failed(span)) count.errors++
    counts.set(name, count)
  }
  return [...counts.values()].sort((a, b) => b.spans - a.spans || a.name.localeCompare(b.name))
}

function extent(spans: readonly JaegerSpan[]): [start: number, end: number] {
  if (spans.length === 0) return [0, 0]
  let start = Infinity
  let end = -Infinity
  for (const span of spans) {
    start = Math.min(start, span.startTime)
    end = Math.max(end, span.startTime + span.duration)
  }
  return [start, end]
}

function byStart(a: JaegerSpan, b: JaegerSpan): number {
  return a.startTime - b.startTime || b.duration - a.duration || (a.spanID < b.spanID ? -1 : 1)
}

function byKey(a: Tag, b: Tag): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
}
