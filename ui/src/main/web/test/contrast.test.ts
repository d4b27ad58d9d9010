import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { COLOURS } from '../src/colour'

const CSS = readFileSync(new URL('../src/styles/tokens.css', import.meta.url), 'utf8')
const THEMES = { light: tokens(":root {\n  color-scheme: light;"), dark: tokens(":root[data-theme='dark'] {") }

function tokens(head: string): Record<string, string> {
  const from = CSS.indexOf(head)
  const block = CSS.slice(from, CSS.indexOf('\n}', from))
  return Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(match => [match[1]!, match[2]!]))
}

/** The contrast of WCAG 2: 1 to 21. */
function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number]
  return (high + 0.05) / (low + 0.05)
}

function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map(at => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

describe.each(Object.entries(THEMES))('the %s theme', (_, theme) => {
  const grounds = ['paper', 'surface', 'raised', 'hover', 'chosen', 'found'] as const

  test.each(['ink', 'quiet', 'error'].flatMap(text => grounds.map(ground => [text, ground])))(
    'has %s on %s that can be read',
    (text, ground) => {
      expect(contrast(theme[text!]!, theme[ground!]!)).toBeGreaterThanOrEqual(4.5)
    },
  )

  test.each([
    ['accent', 'paper'],
    ['accent', 'surface'],
    ['accent-ink', 'accent'],
    ['error', 'error-soft'],
    ['warn', 'warn-soft'],
    ['warn', 'surface'],
    ['good', 'good-soft'],
    ['good', 'surface'],
  ])('has %s on %s that can be read', (text, ground) => {
    expect(contrast(theme[text]!, theme[ground]!)).toBeGreaterThanOrEqual(4.5)
  })

  test.each(['paper', 'surface', 'raised'])('has edges of fields that can be seen on %s', ground => {
    expect(contrast(theme['edge']!, theme[ground]!)).toBeGreaterThanOrEqual(3)
  })

  test.each(Array.from({ length: COLOURS }, (_, i) => `s${i}`))('has a colour %s that can be seen on its grounds', slot => {
    expect(contrast(theme[slot]!, theme['surface']!)).toBeGreaterThanOrEqual(3)
    expect(contrast(theme[slot]!, theme['chosen']!)).toBeGreaterThanOrEqual(3)
  })
})

test('both themes have the same colours', () => {
  expect(Object.keys(THEMES.dark)).toEqual(Object.keys(THEMES.light))
})
