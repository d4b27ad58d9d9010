import { useEffect, useState } from 'preact/hooks'
import { ApiError } from './api'
import { SLOW_MS } from './slow'

/** How far a request has come. `value` is the last good answer, also while a newer one is awaited. */
export interface Load<T> {
  busy: boolean
  value: T | undefined
  failure: Failure | undefined
  /** Whether the answer has been awaited for long. */
  slow: boolean
}

export interface Failure {
  message: string
  /** True when the request is sent again by itself. */
  retrying: boolean
}

const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 30_000
const FIRST_REPEAT_MS = 5_000
const LAST_REPEAT_MS = 60_000

export interface LoadOptions {
  /** Asks again so long after each answer, in milliseconds; while the page is hidden it waits. */
  every?: number
}

/**
 * Runs `request` whenever `key` changes, and again with growing pauses while the server does not answer, or says in
 * `reasons` that its answer is not whole. The last good answer stays beside a failure that is being retried, so that a
 * page can show it until the server is back.
 */
export function useLoad<T>(
  key: unknown,
  request: ((signal: AbortSignal) => Promise<T>) | undefined,
  { every }: LoadOptions = {},
): Load<T> {
  const [load, setLoad] = useState<Load<T>>(() => ({ ...nothing<T>(), busy: request !== undefined }))
  useEffect(() => {
    if (request === undefined) {
      setLoad(nothing<T>())
      return
    }
    const abort = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    let patience: ReturnType<typeof setTimeout> | undefined
    let repeat = FIRST_REPEAT_MS
    const attempt = async (pause: number) => {
      patience = setTimeout(() => setLoad(last => ({ ...last, slow: true })), SLOW_MS)
      try {
        const value = await request(abort.signal)
        if (abort.signal.aborted) return
        setLoad({ busy: false, value, failure: undefined, slow: false })
        if (every !== undefined) timer = setTimeout(whenSeen, every)
        else if (hasGaps(value)) {
          timer = setTimeout(whenSeen, repeat)
          repeat = Math.min(2 * repeat, LAST_REPEAT_MS)
        }
      } catch (error) {
        if (abort.signal.aborted) return
        const retrying = error instanceof ApiError && error.transient
        const message = error instanceof Error ? error.message : String(error)
        setLoad(last => ({
          busy: false,
          value: retrying ? last.value : undefined,
          failure: { message, retrying },
          slow: false,
        }))
        if (retrying) timer = setTimeout(attempt, pause, Math.min(2 * pause, LAST_RETRY_MS))
      } finally {
        clearTimeout(patience)
      }
    }
    const whenSeen = () => {
      if (!document.hidden) void attempt(FIRST_RETRY_MS)
      else document.addEventListener('visibilitychange', whenSeen, { once: true, signal: abort.signal })
    }
    setLoad(last => ({ busy: true, value: last.value, failure: undefined, slow: false }))
    void attempt(FIRST_RETRY_MS)
    return () => {
      abort.abort()
      clearTimeout(timer)
      clearTimeout(patience)
    }
  }, [key])
  return load
}

function nothing<T>(): Load<T> {
  return { busy: false, value: undefined, failure: undefined, slow: false }
}

function hasGaps(value: unknown): boolean {
  const { reasons } = (value ?? {}) as { reasons?: readonly string[] }
  return Array.isArray(reasons) && reasons.length > 0
}
