import { useEffect, useState } from 'preact/hooks'
import type { TraceSummary } from '../search/results'
import type { Reply, Request } from './messages'
import type { SetProfile } from './setDiff'

/** How far the reading of a set's traces has come. */
export interface ProfileState {
  profile: SetProfile | undefined
  read: number
  absent: number
  gaps: readonly string[]
  /** Why the server is asked again. */
  silent: string | undefined
  failed: string | undefined
}

const NOTHING: ProfileState = {
  profile: undefined,
  read: 0,
  absent: 0,
  gaps: [],
  silent: undefined,
  failed: undefined,
}

/** Reads the traces of a set in a worker of its own, once they are known. */
export function useProfile(traces: readonly TraceSummary[] | undefined): ProfileState {
  const [state, setState] = useState(NOTHING)
  useEffect(() => {
    setState(NOTHING)
    if (!traces || traces.length === 0) return
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
    worker.addEventListener('message', (event: MessageEvent<Reply>) => setState(last => next(last, event.data)))
    worker.addEventListener('error', event => {
      event.preventDefault()
      setState(last => ({ ...last, failed: event.message || 'the page could not be fetched' }))
    })
    const request: Request = { ids: traces.map(trace => trace.id) }
    worker.postMessage(request)
    return () => worker.terminate()
  }, [traces])
  return state
}

function next(last: ProfileState, reply: Reply): ProfileState {
  switch (reply.kind) {
    case 'progress':
      return { ...last, read: reply.read, silent: undefined }
    case 'silent':
      return { ...last, silent: reply.message }
    case 'profile':
      return { ...last, profile: reply.profile, absent: reply.absent, gaps: reply.gaps, silent: undefined }
    case 'failed':
      return { ...last, failed: reply.message }
  }
}
