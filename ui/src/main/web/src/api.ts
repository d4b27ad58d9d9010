// Asking the server, and what goes wrong with that.

/** Why a request failed, in words for the reader, and whether asking again may help. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number | undefined,
    readonly transient: boolean,
  ) {
    super(message)
  }
}

/** What every answer of `/v1` may say of itself: that something is missing from it, and why. */
export interface Gaps {
  partial?: true
  reasons?: string[]
}

const TIMEOUT_MS = 60_000

export async function fetchServices(signal: AbortSignal): Promise<string[]> {
  return (await getJson<{ services: string[] }>('/v1/services', signal)).services
}

export async function fetchOperations(service: string, signal: AbortSignal): Promise<string[]> {
  const path = `/v1/services/${encodeURIComponent(service)}/operations`
  const { operations } = await getJson<{ operations: { name: string; kind: string }[] }>(path, signal)
  return [...new Set(operations.map(operation => operation.name))]
}

/** Asks one of the server's own addresses; whatever goes wrong is an `ApiError`, but for `signal`. */
export async function getJson<T>(path: string, signal: AbortSignal): Promise<T> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
  let response: Response
  let text: string
  try {
    response = await fetch(path, { signal: bounded, headers: { Accept: 'application/json' } })
    text = await response.text()
  } catch (error) {
    if (signal.aborted) throw error
    const message = bounded.aborted ? `no answer within ${TIMEOUT_MS / 1000} s` : 'connection failed'
    throw new ApiError(message, undefined, true)
  }
  if (!response.ok) throw refused(response, text)
  const value = parse(text)
  if (typeof value !== 'object' || value === null) throw new ApiError('the answer is not JSON', response.status, true)
  return value as T
}

/** The error that an answer other than 2xx stands for. */
export function refused(response: { status: number; statusText: string }, text: string): ApiError {
  const { status, statusText } = response
  return new ApiError(
    reasonIn(parse(text)) ?? plain(text) ?? `HTTP ${status} ${statusText}`.trim(),
    status,
    (status >= 500 && status !== 501) || status === 429,
  )
}

/** The message in an error of `/v1` or of Jaeger's API. */
function reasonIn(value: unknown): string | undefined {
  const body = value as { error?: { message?: string }; errors?: { msg: string }[] | null } | null | undefined
  return body?.error?.message ?? body?.errors?.[0]?.msg
}

/** What Tempo's and Zipkin's APIs say in plain text; undefined for a page of somebody in between. */
function plain(text: string): string | undefined {
  const said = text.trim()
  return said !== '' && said.length <= 1_000 && !said.startsWith('<') && !said.startsWith('{') ? said : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
