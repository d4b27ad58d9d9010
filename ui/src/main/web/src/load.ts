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

/** Runs `request` whenever `key` changes, and again with growing pauses while the server does not answer. */
export function useLoad<T>(key: unknown, request: ((signal: AbortSignal) => Promise<T>) | undefined): Load<T> {
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
        if (!abort.signal.aborted) setLoad({ busy: false, value, failure: undefined })
      } catch (error) {
        if (abort.signal.aborted) return
        const retrying = error instanceof ApiError && error.transient
        const message = error instanceof Error ? error.message : String(error)
        setLoad({ busy: false, value: undefined, failure: { message, retrying } })
        if (retrying) timer = setTimeout(attempt, pause, Math.min(2 * pause, LAST_RETRY_MS))
      }
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
