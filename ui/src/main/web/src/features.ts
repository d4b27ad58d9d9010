import { ApiError, getJson } from './api'

/** What can be asked of the server beside traces. */
export interface Features {
  /** Decisions, and with them the policy in force. */
  decisions: boolean
  figures: boolean
}

const FRESH_MS = 300_000

let last: { features: Features; until: number } | undefined

/** Asked once in a while, so that nothing is asked which the server is known to refuse. */
export async function fetchFeatures(signal: AbortSignal): Promise<Features> {
  if (last && performance.now() < last.until) return last.features
  const features = await getJson<Features>('/v1/features', signal)
  last = { features, until: performance.now() + FRESH_MS }
  return features
}

/** Asks for figures of services, where the store keeps them. */
export async function getFigures<T>(path: string, signal: AbortSignal): Promise<T> {
  const { figures } = await fetchFeatures(signal)
  if (!figures) throw new ApiError('the store keeps no figures of services', 501, false)
  return getJson<T>(path, signal)
}
