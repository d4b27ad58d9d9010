import type { ComponentChildren } from 'preact'
import type { Failure } from '../load'

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

/** That a newer answer is awaited from a server that is silent, above the older one. */
export function StaleStrip({ failure }: { failure: Failure | undefined }) {
  return failure ? (
    <Strip tone="error">The server does not answer: {failure.message}. What is shown is from before. Trying again …</Strip>
  ) : null
}

/** That an answer is not whole, and why. */
export function GapsStrip({ reasons }: { reasons: readonly string[] | undefined }) {
  return reasons?.length ? <Strip tone="warn">This answer is not whole: {reasons.join(' · ')}</Strip> : null
}

export function Loading({ what }: { what: string }) {
  return (
    <div class="notice loading" role="status">
      <p>Loading {what} …</p>
    </div>
  )
}
