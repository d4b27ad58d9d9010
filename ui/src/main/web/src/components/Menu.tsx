import type { ComponentChildren } from 'preact'

/** A button that unfolds a list of links. */
export function Menu({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <details
      class="menu"
      onKeyDown={event => {
        if (event.key !== 'Escape' || !event.currentTarget.open) return
        event.currentTarget.open = false
        event.currentTarget.querySelector('summary')?.focus()
        event.stopPropagation()
      }}
      onFocusOut={event => {
        // Where nothing takes the focus, a button of the mouse is down in the menu.
        const to = event.relatedTarget as Node | null
        if (to && !event.currentTarget.contains(to)) event.currentTarget.open = false
      }}
    >
      <summary class="button small">{label}</summary>
      <ul>{children}</ul>
    </details>
  )
}
