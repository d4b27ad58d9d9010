/** The mill wheel over its race. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <g fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round">
        <circle cx="16" cy="12.5" r="6" />
        <path d="M16 6.5V2.8M20.2 8.3l2.6-2.6M22 12.5h3.7M20.2 16.7l2.6 2.6M16 18.5v3.7M11.8 16.7l-2.6 2.6M10 12.5H6.3M11.8 8.3 9.2 5.7" />
        <path class="mark-water" d="M4 28c2.4-2 4.8-2 7.2 0s4.8 2 7.2 0 4.8-2 7.2 0" />
      </g>
      <circle cx="16" cy="12.5" r="1.8" fill="currentColor" />
    </svg>
  )
}

export function ErrorIcon({ label }: { label?: string }) {
  return (
    <svg class="icon error-icon" viewBox="0 0 16 16" role={label ? 'img' : undefined} aria-label={label} aria-hidden={!label}>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path class="icon-cut" d="M8 4.2v4.6M8 11.6v.2" fill="none" stroke-width="1.8" stroke-linecap="round" />
    </svg>
  )
}

export function Chevron({ open }: { open: boolean }) {
  return (
    <svg class={open ? 'icon chevron open' : 'icon chevron'} viewBox="0 0 16 16" aria-hidden="true">
      <path d="M6 4l4 4-4 4" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  )
}

export function Cross() {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M4 4l8 8M12 4l-8 8" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round" />
    </svg>
  )
}
