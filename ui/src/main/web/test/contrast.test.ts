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

// What people see of linear red, green and blue, by Machado, Oliveira and Fernandes (2009).
const EYES: Record<string, number[][]> = {
  'all cones': [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  'no red cones': [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  'no green cones': [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  'no blue cones': [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
}

/** A colour as an eye sees it, in OKLab, where distances are about those that people see. */
function seen(hex: string, eye: number[][]): [number, number, number] {
  const linear = [1, 3, 5].map(at => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  const [red, green, blue] = eye.map(row =>
    Math.min(1, Math.max(0, row.reduce((sum, share, i) => sum + share * linear[i]!, 0))),
  ) as [number, number, number]
  const long = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
  const middle = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
  const short = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
  return [
    0.2104542553 * long + 0.793617785 * middle - 0.0040720468 * short,
    1.9779984951 * long - 2.428592205 * middle + 0.4505937099 * short,
    0.0259040371 * long + 0.7827717662 * middle - 0.808675766 * short,
  ]
}

/** About three times what people just see beside each other. */
const APART = 0.06

describe.each(Object.entries(THEMES))('in the %s theme services', (_, theme) => {
  test.each(Object.entries(EYES))('are told apart by eyes with %s', (_, eye) => {
    const colours = Array.from({ length: COLOURS }, (_, i) => seen(theme[`s${i}`]!, eye))
    colours.forEach((colour, i) => {
      for (let j = 0; j < i; j++) {
        const other = colours[j]!
        const distance = Math.hypot(...colour.map((part, at) => part - other[at]!))
        expect(distance, `s${j} and s${i}`).toBeGreaterThan(APART)
      }
    })
  })
})

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
