// What the trace page and its worker say to each other.
import type { FileFormat } from './file'
import type { SpanRecord } from './spans'
import type { OperationStats } from './stats'
import type { PathNode } from './aggregate'
import type { Facts, Layout } from './tree'

export type Question =
  /** The record of a row. */
  | { ask: 'span'; row: number }
  /** The rows in which all words of a text stand. */
  | { ask: 'find'; text: string }
  | { ask: 'statistics'; byService: boolean; from: number; to: number }
  | { ask: 'paths'; from: number; to: number }

export interface Answers {
  span: SpanRecord
  find: Int32Array
  statistics: OperationStats[]
  paths: PathNode
}

export type Request =
  | { kind: 'open'; id: string; correct: boolean }
  | { kind: 'file'; file: Blob; trace: string | undefined; correct: boolean }
  | { kind: 'correct'; correct: boolean }
  | { kind: 'question'; number: number; question: Question }

export type Reply =
  | { kind: 'progress'; spans: number; bytes: number }
  /** The trace so far; `whole` when nothing more comes. */
  | { kind: 'built'; layout: Layout; facts: Facts; whole: boolean }
  /** What a file holds, when it is read; the trace that is shown is named by `facts`. */
  | { kind: 'file'; format: FileFormat; traces: { id: string; spans: number }[] }
  /** What the server says is missing from its answer. */
  | { kind: 'gaps'; reasons: string[] }
  | { kind: 'absent' }
  | { kind: 'failed'; message: string; transient: boolean }
  | { kind: 'answer'; number: number; answer: Answers[keyof Answers] }
