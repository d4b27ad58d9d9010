// What the page of two sets and its worker say to each other.
import type { SetProfile } from './setDiff'

/** Reads traces and tells what they have. */
export interface Request {
  ids: readonly string[]
}

export type Reply =
  | { kind: 'progress'; read: number }
  | { kind: 'silent'; message: string }
  /** `absent` counts traces that were no longer there; `gaps` says what the server could not answer. */
  | { kind: 'profile'; profile: SetProfile; absent: number; gaps: string[] }
  | { kind: 'failed'; message: string }
