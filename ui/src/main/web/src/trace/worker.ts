// Reads a trace and lays it out, off the page's thread, so that the page never stands still.
import { aggregate } from './aggregate'
import { refused } from '../api'
import { readFile, type TraceFile } from './file'
import { find } from './find'
import type { Answers, Question, Reply, Request } from './messages'
import { BytesStore, ResourceSpansCutter } from './otlpBytes'
import { RecordStore, type SpanStore } from './spans'
import { statistics } from './stats'
import { build, type Built } from './tree'

const FIRST_LOOK_MS = 250
const SILENCE_MS = 60_000

let store: SpanStore | undefined
let correct = true
let built: Built | undefined
let file: { blob: Blob; read: TraceFile } | undefined
/** Of the search that is wanted last; an older one gives up. */
let lastFind = 0

addEventListener('message', (event: MessageEvent<Request>) => {
  const request = event.data
  switch (request.kind) {
    case 'open':
      correct = request.correct
      void open(request.id)
      break
    case 'file':
      correct = request.correct
      void openFile(request.file, request.trace)
      break
    case 'correct':
      correct = request.correct
      show(true)
      break
    case 'question':
      void answer(request.number, request.question)
      break
  }
})

function say(reply: Reply, transfer: Transferable[] = []): void {
  postMessage(reply, { transfer })
}

async function open(id: string): Promise<void> {
  const abort = new AbortController()
  let patience = setTimeout(() => abort.abort(), SILENCE_MS)
  try {
    const response = await fetch(`/v1/traces/${encodeURIComponent(id)}`, {
      headers: { Accept: 'application/x-protobuf, application/json;q=0.1' },
      signal: abort.signal,
    })
    if (response.status === 404) {
      say({ kind: 'absent' })
      return
    }
    if (!response.ok) {
      const error = refused(response, await response.text())
      say({ kind: 'failed', message: error.message, transient: error.transient })
      return
    }
    const reasons = response.headers.get('Millrace-Partial')
    if (reasons) say({ kind: 'gaps', reasons: [reasons] })
    const bytes = new BytesStore()
    store = bytes
    built = undefined
    const cutter = new ResourceSpansCutter()
    let received = 0
    let next = performance.now() + FIRST_LOOK_MS
    for (let reader = response.body!.getReader(); ; ) {
      const { done, value } = await reader.read()
      if (done) break
      clearTimeout(patience)
      patience = setTimeout(() => abort.abort(), SILENCE_MS)
      received += value.length
      for (const piece of cutter.push(value)) bytes.add(piece)
      const now = performance.now()
      if (now < next) continue
      say({ kind: 'progress', spans: bytes.table.size, bytes: received })
      if (bytes.table.size > 0) show(false)
      // Each look costs more than the one before; half of the time is for reading on.
      next = performance.now() + Math.max(FIRST_LOOK_MS, 2 * (performance.now() - now))
    }
    if (!cutter.complete) throw new TypeError('the answer is cut off')
    if (bytes.table.size === 0) say({ kind: 'absent' })
    else show(true)
  } catch (error) {
    const silent = abort.signal.aborted
    // What fetch and its reader throw when a connection breaks.
    const broken = error instanceof TypeError
    const message = silent ? `no answer within ${SILENCE_MS / 1000} s` : broken ? 'connection failed' : String(error)
    say({ kind: 'failed', message, transient: silent || broken })
  } finally {
    clearTimeout(patience)
  }
}

async function openFile(blob: Blob, wanted: string | undefined): Promise<void> {
  try {
    if (file?.blob !== blob) file = { blob, read: readFile(await blob.text()) }
    const { format, traces } = file.read
    say({ kind: 'file', format, traces: [...traces].map(([id, spans]) => ({ id, spans: spans.length })) })
    const records = traces.get(wanted ?? '') ?? traces.values().next().value!
    store = new RecordStore(records)
    show(true)
  } catch (error) {
    say({ kind: 'failed', message: error instanceof Error ? error.message : String(error), transient: false })
  }
}

function show(whole: boolean): void {
  if (!store) return
  built = build(store.table, correct)
  // Copied, as questions are answered from them.
  say({ kind: 'built', ...built, whole })
}

async function answer(number: number, question: Question): Promise<void> {
  const reply = await toQuestion(number, question)
  if (reply !== undefined) say({ kind: 'answer', number, answer: reply })
}

async function toQuestion(number: number, question: Question): Promise<Answers[keyof Answers] | undefined> {
  if (!store || !built) return undefined
  const { layout } = built
  switch (question.ask) {
    case 'span':
      return store.record(layout.span[question.row]!)
    case 'statistics':
      return statistics(layout, question.byService, question.from, question.to)
    case 'paths':
      return aggregate(layout, question.from, question.to)
    case 'find': {
      lastFind = number
      const search = find(store, question.text)
      for (;;) {
        const step = search.next()
        if (step.done) return rowsOf(step.value, layout.span)
        // Lets other messages in, which may be a newer search.
        await new Promise(resolve => setTimeout(resolve))
        if (lastFind !== number) return undefined
      }
    }
  }
}

/** The rows of some spans, from the top. */
function rowsOf(spans: Int32Array, spanOf: Int32Array): Int32Array {
  const wanted = new Uint8Array(spanOf.length)
  for (const span of spans) wanted[span] = 1
  const rows = new Int32Array(spans.length)
  let count = 0
  for (let row = 0; row < spanOf.length; row++) if (wanted[spanOf[row]!] === 1) rows[count++] = row
  return rows
}
