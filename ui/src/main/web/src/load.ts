import { useEffect, useState } from 'preact/hooks'
import { ApiError } from './api'

/** How far a request has come. `value` is the last good answer, also while a newer one is awaited. */
export interface Load<T> {
  busy: boolean
  value: T | undefined
  failure: Failure | undefined
}

export interface Failure {
  message: string
  /** True when the request is sent again by itself. */
  retrying: boolean
}

const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 30_000

export interface LoadOptions {
  /** Asks again so long after each answer, in milliseconds; while the page is hidden it waits. */
  every?: number
}

/**
 * Runs `request` whenever `key` changes, and again with growing pauses while the server does not answer. The last good
 * answer stays beside a failure that is being retried, so that a page can show it until the server is back.
 */
export function useLoad<T>(
  key: unknown,
  request: ((signal: AbortSignal) => Promise<T>) | undefined,
  { every }: LoadOptions = {},
): Load<T> {
  const [load, setLoad] = useState<Load<T>>({ busy: request !== undefined, value: undefined, failure: undefined })
  useEffect(() => {
    if (request === undefined) {
      setLoad({ busy: false, value: undefined, failure: undefined })
      return
    }
    const abort = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const attempt = async (pause: number) => {
      try {
        const value = await request(abort.signal)
        if (abort.signal.aborted) return
        setLoad({ busy: false, value, failure: undefined })
        if (every !== undefined) timer = setTimeout(whenSeen, every)
      } catch (error) {
        if (abort.signal.aborted) return
        const retrying = error instanceof ApiError && error.transient
        const message = error instanceof Error ? error.message : String(error)
        setLoad(last => ({ busy: false, value: retrying ? last.value : undefined, failure: { message, retrying } }))
        if (retrying) timer = setTimeout(attempt, pause, Math.min(2 * pause, LAST_RETRY_MS))
      }
    }
    const whenSeen = () => {
      if (!document.hidden) void attempt(FIRST_RETRY_MS)
      else document.addEventListener('visibilitychange', whenSeen, { once: true, signal: abort.signal })
    }
    setLoad(last => ({ busy: true, value: last.value, failure: undefined }))
    void attempt(FIRST_RETRY_MS)
    return () => {
      abort.abort()
      clearTimeout(timer)
    }
  }, [key])
  return load
}
