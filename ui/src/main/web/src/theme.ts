import { useEffect, useState } from 'preact/hooks'

/** Light and dark as the reader chose, or as the system says. */
export type ThemeChoice = 'system' | 'light' | 'dark'

const KEY = 'millrace.theme'
const CHANGED = 'millrace:theme'
const DARK = '(prefers-color-scheme: dark)'
export const CHOICES: readonly ThemeChoice[] = ['system', 'light', 'dark']

export function readChoice(stored: string | null): ThemeChoice {
  return CHOICES.find(choice => choice === stored) ?? 'system'
}

/** Puts the theme on the document, now and whenever the system's changes. */
export function startTheme(): void {
  apply()
  matchMedia(DARK).addEventListener('change', apply)
  // Another tab's choice.
  addEventListener('storage', event => event.key === KEY && apply())
}

export function chooseTheme(choice: ThemeChoice): void {
  try {
    localStorage.setItem(KEY, choice)
  } catch {
    // Without storage the choice cannot be kept; the switch then does nothing.
  }
  apply()
}

function apply(): void {
  const choice = chosen()
  const dark = choice === 'dark' || (choice === 'system' && matchMedia(DARK).matches)
  document.documentElement.dataset['theme'] = dark ? 'dark' : 'light'
  dispatchEvent(new Event(CHANGED))
}

function chosen(): ThemeChoice {
  try {
    return readChoice(localStorage.getItem(KEY))
  } catch {
    return 'system'
  }
}

/** The choice, and whether it comes out dark. What is drawn on a canvas depends on `dark`. */
export function useTheme(): { choice: ThemeChoice; dark: boolean } {
  const [theme, setTheme] = useState(now)
  useEffect(() => {
    const update = () => setTheme(now())
    addEventListener(CHANGED, update)
    return () => removeEventListener(CHANGED, update)
  }, [])
  return theme
}

function now(): { choice: ThemeChoice; dark: boolean } {
  return { choice: chosen(), dark: document.documentElement.dataset['theme'] === 'dark' }
}

/** The value of a custom property of the style sheet, such as `--ink`, for drawing on a canvas. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}
