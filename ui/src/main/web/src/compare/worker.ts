// Reads the traces of a set and counts what they have, off the page's thread.
import { ApiError, refused } from '../api'
import { BytesStore, ResourceSpansCutter } from '../trace/otlpBytes'
import { build } from '../trace/tree'
import type { Reply, Request } from './messages'
import { addTrace, newProfile } from './setDiff'

/** Of a trace, whose attributes are looked at; sets are of traces that are alike, so the first tell enough. */
const MOST_SPANS = 5_000
/** Where reading ends, so that sets of giants do not fill the memory. */
const MOST_BYTES = 32 << 20
/** How many traces are asked for at once. */
const LANES = 4
const TIMEOUT_MS = 60_000
const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 30_000

addEventListener('message', (event: MessageEvent<Request>) => void read(event.data.ids))

function say(reply: Reply): void {
  postMessage(reply)
}

async function read(ids: readonly string[]): Promise<void> {
  const profile = newProfile()
  const gaps = new Set<string>()
  let absent = 0
  try {
    let next = 0
    let read = 0
    const lane = async () => {
      while (next < ids.length) {
        const found = await patiently(ids[next++]!)
        if (!found) absent++
        else {
          if (found.gap) gaps.add(found.gap)
          addTrace(profile, found.store, build(found.store.table, true).layout, MOST_SPANS)
          if (found.cut) profile.cut++
        }
        say({ kind: 'progress', read: ++read })
      }
    }
    await Promise.all(Array.from({ length: LANES }, lane))
    say({ kind: 'profile', profile, absent, gaps: [...gaps] })
  } catch (error) {
    say({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
  }
}

interface Found {
  store: BytesStore
  gap: string | null
  cut: boolean
}

async function patiently(id: string): Promise<Found | undefined> {
  for (let pause = FIRST_RETRY_MS; ; pause = Math.min(2 * pause, LAST_RETRY_MS)) {
    try {
      return await fetchTrace(id)
    } catch (error) {
      // Only fetch itself throws anything but errors of the API.
      if (error instanceof ApiError && !error.transient) throw error
      say({ kind: 'silent', message: error instanceof ApiError ? error.message : 'connection failed' })
      await new Promise(resolve => setTimeout(resolve, pause))
    }
  }
}

async function fetchTrace(id: string): Promise<Found | undefined> {
  const response = await fetch(`/v1/traces/${encodeURIComponent(id)}`, {
    headers: { Accept: 'application/x-protobuf, application/json;q=0.1' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  if (response.status === 404) return undefined
  if (!response.ok) throw refused(response, await response.text())
  const store = new BytesStore()
  const cutter = new ResourceSpansCutter()
  const reader = response.body!.getReader()
  let bytes = 0
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    for (const piece of cutter.push(chunk.value)) store.add(piece)
    bytes += chunk.value.length
    if (bytes > MOST_BYTES) {
      await reader.cancel()
      break
    }
  }
  const cut = bytes > MOST_BYTES
  if (!cut && !cutter.complete) throw new TypeError('the answer is cut off')
  return { store, gap: response.headers.get('Millrace-Partial'), cut }
}
