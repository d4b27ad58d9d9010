import { expect, test } from 'vitest'
import { readChoice } from '../src/theme'
import { clear } from '../src/trace/paint'
import { clampRange, ticksBetween } from '../src/trace/time'
import { readView, viewUrl, type ViewState } from '../src/trace/url'

test('what is seen of a trace survives the address', () => {
  const state: ViewState = {
    view: 'flame',
    span: '00000000000000ab',
    focus: '00000000000000cd',
    find: 'a=b & c',
    range: { from: 10, to: 2_000 },
    raw: true,
  }
  const url = new URL(viewUrl('/trace/1', state), 'http://localhost')

  expect(readView(url.searchParams)).toEqual(state)
  expect(viewUrl('/trace/1', readView(new URLSearchParams()))).toBe('/trace/1')
})

test('a link of Jaeger finds what it found there', () => {
  expect(readView(new URLSearchParams('uiFind=card')).find).toBe('card')
})

test('nonsense in the address of a trace is left out', () => {
  expect(readView(new URLSearchParams('view=odd&span=xyz&time=9-1&clock=slow'))).toEqual({
    view: 'waterfall',
    span: undefined,
    focus: undefined,
    find: '',
    range: undefined,
    raw: false,
  })
})

test('ticks are round and stay within the range', () => {
  expect(ticksBetween(0, 1_840e6, 5)).toEqual([0, 500e6, 1000e6, 1500e6])
  expect(ticksBetween(1_234, 1_300, 4)).toEqual([1_240, 1_260, 1_280, 1_300])
  expect(ticksBetween(0, 95e9, 4)).toEqual([0, 30e9, 60e9, 90e9])
  expect(ticksBetween(5, 5, 4)).toEqual([5])
})

test('a range stays within the whole', () => {
  const whole = { from: 0, to: 100 }

  expect(clampRange({ from: -10, to: 30 }, whole)).toEqual({ from: 0, to: 40 })
  expect(clampRange({ from: 90, to: 130 }, whole)).toEqual({ from: 60, to: 100 })
  expect(clampRange({ from: -10, to: 400 }, whole)).toEqual(whole)
  expect(clampRange({ from: 50, to: 50 }, whole, 10)).toEqual({ from: 50, to: 60 })
})

test('a theme that nobody offers is the system’s', () => {
  expect([readChoice('dark'), readChoice('pink'), readChoice(null)]).toEqual(['dark', 'system', 'system'])
})

test('a colour is cleared in its short form, too', () => {
  expect([clear('#fff'), clear('#1b3544')]).toEqual(['#ffffff00', '#1b354400'])
})
