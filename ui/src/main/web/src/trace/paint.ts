// Draws rows of a trace on a canvas. What is drawn is a function of its arguments, so that a frame costs what is in sight.
import { COLOURS } from '../colour'
import { formatDuration } from '../format'
import { token } from '../theme'
import { errorsBelow } from './rows'
import { AFTER_PARENT, ERROR, MOVED, NO_PARENT, NO_TIME } from './spans'
import type { Layout } from './tree'

/** Colours and fonts of the theme, read from the style sheet once per theme. */
export interface Paints {
  ink: string
  quiet: string
  line: string
  soft: string
  edge: string
  surface: string
  raised: string
  accent: string
  chosen: string
  hover: string
  error: string
  found: string
  services: string[]
  text: string
  strong: string
  small: string
}

export function readPaints(): Paints {
  const sans = token('--sans')
  return {
    ink: token('--ink'),
    quiet: token('--quiet'),
    line: token('--line'),
    soft: token('--line-soft'),
    edge: token('--edge'),
    surface: token('--surface'),
    raised: token('--raised'),
    accent: token('--accent'),
    chosen: token('--chosen'),
    hover: token('--hover'),
    error: token('--error'),
    found: token('--found'),
    services: Array.from({ length: COLOURS }, (_, slot) => token(`--s${slot}`)),
    text: `13px ${sans}`,
    strong: `600 13px ${sans}`,
    small: `12px ${sans}`,
  }
}

export interface Scene {
  layout: Layout
  services: string[]
  names: string[]
  /** The colour number of each service. */
  slots: number[]
  rows: Int32Array
  /** The place of the first row in sight, which may be half scrolled away. */
  top: number
  rowHeight: number
  width: number
  height: number
  /** Where the name column ends and where the duration column begins. */
  nameWidth: number
  timeEnd: number
  /** The depth of the top in focus, which stands at the left. */
  topDepth: number
  step: number
  /** The time in sight, in nanoseconds. */
  from: number
  to: number
  folded: ReadonlySet<number>
  selected: number
  hovered: number
  found: ReadonlySet<number>
  critical: boolean
  ticks: readonly number[]
  /** Whether the canvas has the keyboard. */
  focused: boolean
}

export const FOLD_WIDTH = 18
const PAD = 12
const BAR = 12

export function drawRows(context: CanvasRenderingContext2D, scene: Scene, paints: Paints): void {
  const { width, height, rows, top, rowHeight, nameWidth } = scene
  context.fillStyle = paints.surface
  context.fillRect(0, 0, width, height)
  drawGrid(context, scene, paints)
  const first = Math.floor(top)
  const last = Math.min(rows.length, Math.ceil(top + height / rowHeight) + 1)
  for (let place = first; place < last; place++) {
    const y = Math.round((place - top) * rowHeight)
    drawRow(context, scene, paints, rows[place]!, y)
  }
  context.fillStyle = paints.line
  context.fillRect(Math.round(nameWidth) - 1, 0, 1, height)
}

function drawGrid(context: CanvasRenderingContext2D, scene: Scene, paints: Paints): void {
  context.fillStyle = paints.soft
  for (const time of scene.ticks) {
    const x = Math.round(xOf(scene, time))
    if (x > scene.nameWidth) context.fillRect(x, 0, 1, scene.height)
  }
}

export function xOf(scene: Pick<Scene, 'nameWidth' | 'timeEnd' | 'from' | 'to'>, time: number): number {
  const span = scene.to - scene.from
  return scene.nameWidth + (span > 0 ? (time - scene.from) / span : 0) * (scene.timeEnd - scene.nameWidth)
}

function drawRow(context: CanvasRenderingContext2D, scene: Scene, paints: Paints, row: number, y: number): void {
  const { layout, rowHeight, width } = scene
  const background =
    row === scene.selected ? paints.chosen : scene.found.has(row) ? paints.found : row === scene.hovered ? paints.hover : undefined
  if (background) {
    context.fillStyle = background
    context.fillRect(0, y, width, rowHeight)
    if (row === scene.selected && scene.found.has(row)) {
      context.fillStyle = paints.found
      context.fillRect(0, y, 4, rowHeight)
    }
  }
  if (row === scene.selected && scene.focused) {
    context.strokeStyle = paints.accent
    context.lineWidth = 2
    context.strokeRect(1, y + 1, width - 2, rowHeight - 2)
  }
  drawName(context, scene, paints, row, y, background ?? paints.surface)
  drawBar(context, scene, paints, row, y)
  context.font = paints.small
  context.fillStyle = paints.quiet
  context.textAlign = 'right'
  context.textBaseline = 'middle'
  const noTime = (layout.flags[row]! & NO_TIME) !== 0
  context.fillText(noTime ? 'no time' : formatDuration(layout.duration[row]! / 1000), width - PAD, y + rowHeight / 2 + 0.5)
}

export function indentOf(scene: Pick<Scene, 'step' | 'topDepth'>, depth: number): number {
  return PAD / 2 + (depth - scene.topDepth) * scene.step
}

function drawName(
  context: CanvasRenderingContext2D,
  scene: Scene,
  paints: Paints,
  row: number,
  y: number,
  background: string,
): void {
  const { layout, rowHeight, nameWidth } = scene
  const middle = y + rowHeight / 2 + 0.5
  const flags = layout.flags[row]!
  context.save()
  context.beginPath()
  context.rect(0, y, nameWidth - 6, rowHeight)
  context.clip()
  const indent = indentOf(scene, layout.depth[row]!)
  if (scene.step >= 5) {
    context.fillStyle = paints.line
    for (let level = scene.topDepth; level < layout.depth[row]!; level++) {
      context.fillRect(Math.round(indentOf(scene, level) + FOLD_WIDTH / 2), y, 1, rowHeight)
    }
  }
  let x = indent
  const below = layout.end[row]! - row - 1
  const folded = scene.folded.has(layout.span[row]!)
  if (below > 0) drawChevron(context, paints, x + FOLD_WIDTH / 2, middle, folded)
  x += FOLD_WIDTH
  context.fillStyle = paints.services[scene.slots[layout.service[row]!]!]!
  roundRect(context, x, y + 5, 4, rowHeight - 10, 2)
  x += 10
  context.textAlign = 'left'
  context.textBaseline = 'middle'
  if ((flags & ERROR) !== 0) {
    drawErrorMark(context, paints, x + 6, middle - 0.5)
    x += 17
  }
  context.font = paints.strong
  context.fillStyle = (flags & ERROR) !== 0 ? paints.error : paints.ink
  const service = scene.services[layout.service[row]!]!
  x += fillText(context, service, x, middle, nameWidth - x) + 7
  context.font = paints.text
  if ((flags & ERROR) === 0) context.fillStyle = paints.quiet
  if (x < nameWidth) x += fillText(context, scene.names[layout.name[row]!]!, x, middle, nameWidth - x) + 8
  const notes: string[] = []
  if (folded && below > 0) {
    const failed = errorsBelow(layout, row)
    notes.push(`+${below.toLocaleString('en')}${failed > 0 ? `, ${failed.toLocaleString('en')} failed` : ''}`)
  }
  if ((flags & NO_PARENT) !== 0) notes.push('parent missing')
  context.font = paints.small
  for (const note of notes) {
    const wide = context.measureText(note).width + 12
    context.fillStyle = paints.raised
    roundRect(context, x, y + 4, wide, rowHeight - 8, 6)
    context.fillStyle = paints.quiet
    context.fillText(note, x + 6, middle)
    x += wide + 6
  }
  if (x > nameWidth - 8) {
    // What is cut off fades out, which says so in less room than dots.
    const fade = context.createLinearGradient(nameWidth - 34, 0, nameWidth - 8, 0)
    fade.addColorStop(0, clear(background))
    fade.addColorStop(1, background)
    context.fillStyle = fade
    context.fillRect(nameWidth - 34, y + 3, 34, rowHeight - 6)
  }
  context.restore()
}

/** A hexadecimal colour, which a build may have shortened, with nothing of it left to see. */
export function clear(colour: string): string {
  return colour.length === 4 ? `${colour.replace(/[0-9a-f]/gi, '$&$&')}00` : `${colour}00`
}

/** Draws a text that may hold anything, so that it cannot turn what stands beside it around. Returns its width. */
function fillText(context: CanvasRenderingContext2D, text: string, x: number, y: number, room: number): number {
  // Far more than fits need not be measured.
  const short = text.length > 300 ? text.slice(0, 300) : text
  const safe = `\u2068${short.replace(/[\u0000-\u001f\u007f]/g, ' ')}\u2069`
  context.fillText(safe, x, y)
  return Math.min(Math.max(0, room), context.measureText(safe).width)
}

function drawBar(context: CanvasRenderingContext2D, scene: Scene, paints: Paints, row: number, y: number): void {
  const { layout, rowHeight, nameWidth, timeEnd } = scene
  const flags = layout.flags[row]!
  const start = layout.start[row]!
  const from = xOf(scene, start)
  const to = xOf(scene, start + layout.duration[row]!)
  const area = timeEnd - nameWidth
  context.save()
  context.beginPath()
  context.rect(nameWidth, y, area + 2, rowHeight)
  context.clip()
  const top = y + (rowHeight - BAR) / 2
  const colour = paints.services[scene.slots[layout.service[row]!]!]!
  // Bounded, as a canvas does not like coordinates of millions.
  const left = Math.max(from, nameWidth - 4)
  const right = Math.min(Math.max(to, from + 2), timeEnd + 4)
  if (to < nameWidth || from > timeEnd) {
    // Out of sight to one side: an arrow says to which.
    context.fillStyle = colour
    const x = to < nameWidth ? nameWidth + 4 : timeEnd - 4
    const point = to < nameWidth ? -4 : 4
    context.beginPath()
    context.moveTo(x + point, y + rowHeight / 2)
    context.lineTo(x, y + rowHeight / 2 - 4)
    context.lineTo(x, y + rowHeight / 2 + 4)
    context.fill()
    context.restore()
    return
  }
  const hollow = (flags & NO_TIME) !== 0
  context.fillStyle = colour
  if (hollow) {
    context.strokeStyle = colour
    context.lineWidth = 1.5
    context.strokeRect(left + 1, top + 1, Math.max(3, right - left - 2), BAR - 2)
  } else roundRect(context, left, top, Math.max(2, right - left), BAR, Math.min(2, (right - left) / 2))
  if ((flags & NO_PARENT) !== 0) {
    context.strokeStyle = paints.edge
    context.lineWidth = 1.5
    context.setLineDash([2, 2])
    context.beginPath()
    context.moveTo(left - 3, y + 3)
    context.lineTo(left - 3, y + rowHeight - 3)
    context.stroke()
    context.setLineDash([])
  }
  if ((flags & MOVED) !== 0) {
    // Where the clock of its host had it.
    const was = xOf(scene, start - layout.moved[row]!)
    context.fillStyle = paints.edge
    context.fillRect(Math.min(was, from), y + rowHeight - 4, Math.abs(was - from), 1)
    context.fillRect(was - 1, y + rowHeight - 6, 2, 4)
  }
  if ((flags & AFTER_PARENT) !== 0) {
    const parent = layout.parent[row]!
    const ended = xOf(scene, layout.start[parent]! + layout.duration[parent]!)
    context.fillStyle = paints.edge
    for (let x = Math.max(ended, nameWidth); x < left - 2; x += 5) context.fillRect(x, y + rowHeight / 2, 2, 1)
  }
  if (scene.critical) drawCritical(context, scene, paints, row, top)
  if ((flags & ERROR) !== 0) {
    context.fillStyle = paints.surface
    context.fillRect(left, top + BAR - 1, right - left, 1)
    context.fillStyle = paints.error
    context.fillRect(left, top + BAR, Math.max(3, right - left), 3)
  }
  drawEvents(context, scene, paints, row, y)
  context.restore()
}

function drawCritical(context: CanvasRenderingContext2D, scene: Scene, paints: Paints, row: number, top: number): void {
  const { criticalStart, criticalFrom, criticalTo } = scene.layout
  for (let i = criticalStart[row]!; i < criticalStart[row + 1]!; i++) {
    const from = Math.max(xOf(scene, criticalFrom[i]!), scene.nameWidth)
    const to = Math.min(xOf(scene, criticalTo[i]!), scene.timeEnd)
    if (to < from) continue
    const wide = Math.max(2, to - from)
    context.fillStyle = paints.surface
    context.fillRect(from, top + BAR / 2 - 2, wide, 4)
    context.fillStyle = paints.ink
    context.fillRect(from, top + BAR / 2 - 1, wide, 2)
  }
}

function drawEvents(context: CanvasRenderingContext2D, scene: Scene, paints: Paints, row: number, y: number): void {
  const { eventStart, eventTime } = scene.layout
  let last = -Infinity
  for (let i = eventStart[row]!; i < eventStart[row + 1]!; i++) {
    const x = xOf(scene, eventTime[i]!)
    if (x < scene.nameWidth || x > scene.timeEnd || Math.abs(x - last) < 3) continue
    last = x
    context.beginPath()
    context.moveTo(x, y + scene.rowHeight / 2 - 4)
    context.lineTo(x + 4, y + scene.rowHeight / 2)
    context.lineTo(x, y + scene.rowHeight / 2 + 4)
    context.lineTo(x - 4, y + scene.rowHeight / 2)
    context.closePath()
    context.fillStyle = paints.surface
    context.fill()
    context.lineWidth = 1.25
    context.strokeStyle = paints.ink
    context.stroke()
  }
}

function drawChevron(context: CanvasRenderingContext2D, paints: Paints, x: number, y: number, folded: boolean): void {
  context.strokeStyle = paints.quiet
  context.lineWidth = 1.5
  context.lineCap = 'round'
  context.lineJoin = 'round'
  context.beginPath()
  if (folded) {
    context.moveTo(x - 1.75, y - 4)
    context.lineTo(x + 2.25, y)
    context.lineTo(x - 1.75, y + 4)
  } else {
    context.moveTo(x - 4, y - 2)
    context.lineTo(x, y + 2)
    context.lineTo(x + 4, y - 2)
  }
  context.stroke()
}

function drawErrorMark(context: CanvasRenderingContext2D, paints: Paints, x: number, y: number): void {
  context.fillStyle = paints.error
  context.beginPath()
  context.arc(x, y, 6, 0, 2 * Math.PI)
  context.fill()
  context.fillStyle = paints.surface
  context.fillRect(x - 0.8, y - 3.5, 1.6, 4.2)
  context.fillRect(x - 0.8, y + 1.8, 1.6, 1.7)
}

function roundRect(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  radius: number,
): void {
  context.beginPath()
  context.roundRect(x, y, width, height, Math.max(0, radius))
  context.fill()
}

/** Most spans that an overview draws, and as many that failed; beyond that, every second, third and so on. */
const OVERVIEW_SPANS = 40_000

/** The whole trace in little: each span a line, in the order of the rows. */
export function drawOverview(
  context: CanvasRenderingContext2D,
  layout: Layout,
  slots: readonly number[],
  duration: number,
  width: number,
  height: number,
  paints: Paints,
  range: { from: number; to: number },
): void {
  context.clearRect(0, 0, width, height)
  const { from, to } = range
  const count = to - from
  const stride = Math.max(1, Math.ceil(count / OVERVIEW_SPANS))
  const thick = Math.max(1, Math.min(4, Math.floor((height - 6) / Math.max(1, count))))
  const scale = duration > 0 ? width / duration : 0
  const errorStride = Math.ceil((layout.errorsBefore[to]! - layout.errorsBefore[from]!) / OVERVIEW_SPANS)
  for (const failed of [false, true]) {
    for (let row = from; row < to; row++) {
      if (((layout.flags[row]! & ERROR) !== 0) !== failed) continue
      if ((failed ? layout.errorsBefore[row]! % errorStride : (row - from) % stride) !== 0) continue
      context.fillStyle = failed ? paints.error : paints.services[slots[layout.service[row]!]!]!
      const y = 3 + Math.floor(((row - from) * (height - 6)) / Math.max(1, count))
      context.fillRect(layout.start[row]! * scale, y, Math.max(1, layout.duration[row]! * scale), failed ? Math.max(2, thick) : thick)
    }
  }
}
