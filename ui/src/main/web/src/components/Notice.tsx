import type { ComponentChildren } from 'preact'
import type { Failure } from '../load'
import { useSlow } from '../slow'

interface NoticeProps {
  title: string
  tone?: 'plain' | 'error'
  children?: ComponentChildren
}

/** A page's own words where content would stand. */
export function Notice({ title, tone = 'plain', children }: NoticeProps) {
  return (
    <div class={`notice ${tone}`} role={tone === 'error' ? 'alert' : 'status'}>
      <p class="notice-title">{title}</p>
      {children !== undefined && <p>{children}</p>}
    </div>
  )
}

export function FailureNotice({ failure, title = 'The server refused the request.' }: { failure: Failure; title?: string }) {
  return failure.retrying ? (
    <Notice tone="error" title={`The server does not answer: ${failure.message}.`}>
      Trying again …
    </Notice>
  ) : (
    <Notice tone="error" title={title}>
      {failure.message}
    </Notice>
  )
}

/** One line above content that is shown although something is wrong with it. */
export function Strip({ tone = 'plain', children }: { tone?: 'plain' | 'warn' | 'error'; children: ComponentChildren }) {
  return (
    <p class={`strip ${tone}`} role={tone === 'plain' ? 'status' : 'alert'}>
      {children}
    </p>
  )
}

interface StaleStripProps {
  failure: Failure | undefined
  /** Whether the newer answer has been awaited for long. */
  slow?: boolean
}

/** That a newer answer is awaited from a server that is silent or slow, above the older one. */
export function StaleStrip({ failure, slow = false }: StaleStripProps) {
  if (failure) {
    return (
      <Strip tone="error">
        The server does not answer: {failure.message}. What is shown is from before. Trying again …
      </Strip>
    )
  }
  return slow ? <Strip tone="warn">The server is slow to answer. What is shown is from before.</Strip> : null
}

/** That an answer is not whole, and why. */
export function GapsStrip({ reasons }: { reasons: readonly string[] | undefined }) {
  return reasons?.length ? <Strip tone="warn">This answer is not whole: {reasons.join(' · ')}. Asking again from time to time.</Strip> : null
}

export function Loading({ what }: { what: string }) {
  const slow = useSlow(true)
  return (
    <div class="notice loading" role="status">
      <p>Loading {what} …</p>
      {slow && <p>The server is slow to answer. Still waiting.</p>}
    </div>
  )
}
