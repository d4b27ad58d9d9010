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

export function FailureNotice({ failure }: { failure: Failure }) {
  return failure.retrying ? (
    <Notice tone="error" title={`The server does not answer: ${failure.message}.`}>
      Trying again …
    </Notice>
  ) : (
    <Notice tone="error" title="The server refused the request.">
      {failure.message}
    </Notice>
  )
}

export function Loading({ what }: { what: string }) {
  return (
    <div class="notice loading" role="status">
      <p>Loading {what} …</p>
    </div>
  )
}
