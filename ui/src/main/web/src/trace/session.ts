import { useEffect, useMemo, useState } from 'preact/hooks'
import type { Failure } from '../load'
import type { FileFormat } from './file'
import type { Answers, Question, Reply, Request } from './messages'
import type { Built } from './tree'

/** Where a trace comes from. */
export type Source = { kind: 'server'; id: string } | { kind: 'file'; file: Blob; trace: string | undefined }

/** How far the trace has come. */
export interface TraceState {
  built: Built | undefined
  whole: boolean
  spans: number
  bytes: number
  absent: boolean
  gaps: readonly string[]
  failure: Failure | undefined
  file: { format: FileFormat; traces: { id: string; spans: number }[] } | undefined
}

const NOTHING: TraceState = {
  built: undefined,
  whole: false,
  spans: 0,
  bytes: 0,
  absent: false,
  gaps: [],
  failure: undefined,
  file: undefined,
}

const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 30_000

/** One worker and what it was asked. */
export class TraceSession {
  private worker = start()
  private readonly waiting = new Map<number, (answer: never) => void>()
  private numbers = 0

  constructor(private readonly heard: (reply: Reply) => void) {
    this.listen()
  }

  send(request: Request): void {
    this.worker.postMessage(request)
  }

  /** Resolves when the worker answers, and never when a newer question has made this one moot. */
  ask<Q extends Question>(question: Q): Promise<Answers[Q['ask']]> {
    const number = ++this.numbers
    return new Promise(resolve => {
      this.waiting.set(number, resolve as (answer: never) => void)
      this.send({ kind: 'question', number, question })
    })
  }

  close(): void {
    this.worker.terminate()
  }

  private listen(): void {
    this.worker.addEventListener('message', (event: MessageEvent<Reply>) => {
      const reply = event.data
      if (reply.kind !== 'answer') {
        this.heard(reply)
        return
      }
      this.waiting.get(reply.number)?.(reply.answer as never)
      this.waiting.delete(reply.number)
    })
    this.worker.addEventListener('error', event => {
      event.preventDefault()
      this.heard({ kind: 'failed', message: event.message || 'the page could not be fetched', transient: false })
    })
  }
}

function start(): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
}

/** Loads a trace, again and again while the server is silent, and anew when `round` changes. */
export function useTrace(source: Source, round: number, correct: boolean): [TraceState, TraceSession | undefined] {
  const [state, setState] = useState<TraceState>(NOTHING)
  const [session, setSession] = useState<TraceSession>()
  const key = useMemo(() => source, [source.kind, source.kind === 'server' ? source.id : source.file])

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let pause = FIRST_RETRY_MS
    const opened = new TraceSession(reply => {
      setState(last => next(last, reply))
      if (reply.kind === 'built') pause = FIRST_RETRY_MS
      if (reply.kind === 'failed' && reply.transient) {
        timer = setTimeout(load, pause)
        pause = Math.min(2 * pause, LAST_RETRY_MS)
      }
    })
    const load = () =>
      opened.send(
        key.kind === 'server'
          ? { kind: 'open', id: key.id, correct }
          : { kind: 'file', file: key.file, trace: key.trace, correct },
      )
    setState(last => ({ ...NOTHING, built: round > 0 ? last.built : undefined }))
    setSession(opened)
    load()
    return () => {
      clearTimeout(timer)
      opened.close()
    }
  }, [key, round])

  return [state, session]
}

function next(last: TraceState, reply: Reply): TraceState {
  switch (reply.kind) {
    case 'progress':
      return { ...last, spans: reply.spans, bytes: reply.bytes, failure: undefined }
    case 'built':
      return {
        ...last,
        built: { layout: reply.layout, facts: reply.facts },
        whole: reply.whole,
        spans: reply.facts.spans,
        absent: false,
        failure: undefined,
      }
    case 'file':
      return { ...last, file: { format: reply.format, traces: reply.traces } }
    case 'gaps':
      return { ...last, gaps: reply.reasons }
    case 'absent':
      return { ...last, absent: true, whole: true, failure: undefined }
    case 'failed':
      return { ...last, failure: { message: reply.message, retrying: reply.transient } }
    case 'answer':
      return last
  }
}
