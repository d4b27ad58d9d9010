import { CHOICES, chooseTheme, useTheme, type ThemeChoice } from '../theme'

const ICONS: Record<ThemeChoice, string> = {
  system: 'M2.5 3.5h11v7h-11zM6 13.5h4M8 10.5v3',
  light: 'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM8 1.2v1.6M8 13.2v1.6M1.2 8h1.6M13.2 8h1.6M3.2 3.2l1.1 1.1M11.7 11.7l1.1 1.1M12.8 3.2l-1.1 1.1M4.3 11.7l-1.1 1.1',
  dark: 'M13.4 9.6A5.8 5.8 0 0 1 6.4 2.6a5.8 5.8 0 1 0 7 7z',
}

/** One button that goes through system, light and dark. */
export function ThemeSwitch() {
  const { choice } = useTheme()
  const next = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length]!
  return (
    <button
      type="button"
      class="bare theme-switch"
      aria-label={`Theme: ${choice}. Change to ${next}`}
      title={`Theme: ${choice}`}
      onClick={() => chooseTheme(next)}
    >
      <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
        <path d={ICONS[choice]} fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" />
      </svg>
    </button>
  )
}
