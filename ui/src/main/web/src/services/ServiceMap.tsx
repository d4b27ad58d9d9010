import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { serviceColour } from '../colour'
import { formatRate, formatShare, shareOf } from '../figures/words'
import { formatDuration } from '../format'
import { healthOf, matches, type ServiceGraph, type ServiceLink, type ServiceNode } from './graph'
import { layOut, measuresFor, ROOMY, type MapLayout } from './layout'

/** What is looked at: a service, or the calls from one to another. */
export type Selection = { node: string } | { caller: string; callee: string }

interface ServiceMapProps {
  graph: ServiceGraph
  /** How long the range is, in seconds. */
  seconds: number
  search: string
  selection: Selection | undefined
  onSelect: (selection: Selection | undefined) => void
}

const ZOOMS = [0.35, 0.5, 0.65, 0.8, 1, 1.25, 1.6, 2]
const LABELLED = 26

/**
 * The services as buttons over the lines of their calls. Arrow keys go to the next service in a direction, Enter selects;
 * dragging moves the map, and Ctrl with the wheel, plus and minus make it larger and smaller.
 */
export function ServiceMap({ graph, seconds, search, selection, onSelect }: ServiceMapProps) {
  const layout = useMemo(() => layOut(graph), [graph])
  const roomy = measuresFor(graph.nodes.length) === ROOMY
  const box = useRef<HTMLDivElement>(null)
  const [zoom, setZoom] = useState(1)
  const [near, setNear] = useState<string>()
  const drag = useRef<{ x: number; y: number; left: number; top: number } | undefined>(undefined)

  const fit = () => {
    const { clientWidth } = box.current!
    setZoom(Math.max(ZOOMS[0]!, Math.min(1, (clientWidth - 4) / layout.width)))
  }
  // A small map is shown as a whole; of a large one as much as can still be read.
  useLayoutEffect(() => {
    const { clientWidth } = box.current!
    setZoom(Math.max(roomy ? 0.7 : 0.8, Math.min(1.25, (clientWidth - 4) / layout.width)))
  }, [layout])
  const turn = (larger: boolean) =>
    setZoom(now => (larger ? ZOOMS.find(one => one > now + 0.01) : ZOOMS.findLast(one => one < now - 0.01)) ?? now)

  useEffect(() => {
    const element = box.current!
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      turn(event.deltaY < 0)
    }
    element.addEventListener('wheel', wheel, { passive: false })
    return () => element.removeEventListener('wheel', wheel)
  }, [])

  const bright = near ?? (selection && 'node' in selection ? selection.node : undefined)
  const chosenLink = selection && 'caller' in selection ? selection : undefined
  const isLit = (link: { caller: string; callee: string }) =>
    chosenLink && near === undefined
      ? link.caller === chosenLink.caller && link.callee === chosenLink.callee
      : bright !== undefined && (link.caller === bright || link.callee === bright)
  const neighbours = new Set<string>()
  if (bright !== undefined || chosenLink) {
    graph.links.filter(isLit).forEach(link => neighbours.add(link.caller).add(link.callee))
    if (bright !== undefined) neighbours.add(bright)
  }
  const searched = search.trim() !== ''
  const isDim = (name: string) => (searched ? !matches(name, search) : neighbours.size > 0 && !neighbours.has(name))

  const steer = (event: KeyboardEvent) => {
    if (event.key === '+' || event.key === '-') {
      event.preventDefault()
      turn(event.key === '+')
      return
    }
    const name = (event.target as HTMLElement).dataset['service']
    if (name === undefined) return
    if (event.key === 'Escape') onSelect(undefined)
    const next = neighbourAt(layout, name, event.key)
    if (next === undefined) return
    event.preventDefault()
    box.current!.querySelector<HTMLElement>(`[data-service="${CSS.escape(next)}"]`)?.focus()
  }
  const dragStart = (event: PointerEvent) => {
    if (event.button !== 0 || (event.target as HTMLElement).closest('button, .map-line')) return
    const element = box.current!
    drag.current = { x: event.clientX, y: event.clientY, left: element.scrollLeft, top: element.scrollTop }
    element.setPointerCapture(event.pointerId)
  }
  const dragMove = (event: PointerEvent) => {
    if (!drag.current) return
    box.current!.scrollLeft = drag.current.left - (event.clientX - drag.current.x)
    box.current!.scrollTop = drag.current.top - (event.clientY - drag.current.y)
  }
  const byEnds = new Map(graph.links.map(link => [`${link.caller}\n${link.callee}`, link]))
  const busiest = Math.max(1, ...graph.links.map(link => link.calls))
  const labelled = graph.links.length <= LABELLED

  return (
    <div class="map-frame">
      <div
        class="map"
        ref={box}
        onKeyDown={steer}
        onPointerDown={dragStart}
        onPointerMove={dragMove}
        onPointerUp={() => (drag.current = undefined)}
        onPointerCancel={() => (drag.current = undefined)}
      >
        <div class="map-space" style={{ width: `${layout.width * zoom}px`, height: `${layout.height * zoom}px` }}>
          <div
            class={roomy ? 'map-plane' : 'map-plane dense'}
            style={{ width: `${layout.width}px`, height: `${layout.height}px`, transform: `scale(${zoom})` }}
          >
            <svg class="map-lines" width={layout.width} height={layout.height} aria-hidden="true">
              <defs>
                {['plain', 'warn', 'bad', 'lit'].map(kind => (
                  <marker
                    key={kind}
                    id={`arrow-${kind}`}
                    class={`map-arrow ${kind}`}
                    viewBox="0 0 8 8"
                    refX="7"
                    refY="4"
                    markerWidth="8"
                    markerHeight="8"
                    markerUnits="userSpaceOnUse"
                    orient="auto"
                  >
                    <path d="M0 0.8 7.4 4 0 7.2z" />
                  </marker>
                ))}
              </defs>
              {layout.routes.map(route => {
                const link = byEnds.get(`${route.caller}\n${route.callee}`)!
                const health = healthOf(link)
                const lit = isLit(link)
                const dim =
                  (neighbours.size > 0 && !lit) || (searched && !matches(link.caller, search) && !matches(link.callee, search))
                return (
                  <g
                    key={`${route.caller}\n${route.callee}`}
                    class={`map-line ${health}${lit ? ' lit' : ''}${dim ? ' dim' : ''}`}
                    onClick={() => onSelect({ caller: link.caller, callee: link.callee })}
                  >
                    <title>{`${link.caller} → ${link.callee}: ${summary(link, seconds)}`}</title>
                    <path class="map-line-hit" d={route.path} />
                    <path
                      class="map-line-shown"
                      d={route.path}
                      stroke-width={(roomy ? 1 : 0.6) * thickness(link.calls, busiest)}
                      marker-end={`url(#arrow-${health === 'good' ? (lit ? 'lit' : 'plain') : health})`}
                    />
                  </g>
                )
              })}
            </svg>
            <ul class="map-nodes" aria-label="Services">
              {graph.nodes.map(node => (
                <li key={node.name}>
                  <NodeButton
                    node={node}
                    layout={layout}
                    seconds={seconds}
                    dim={isDim(node.name)}
                    found={searched && matches(node.name, search)}
                    selected={selection !== undefined && 'node' in selection && selection.node === node.name}
                    onSelect={() => onSelect({ node: node.name })}
                    onNear={setNear}
                  />
                </li>
              ))}
            </ul>
            {layout.routes.map(route => {
              const link = byEnds.get(`${route.caller}\n${route.callee}`)!
              if (!(labelled || isLit(link)) || (neighbours.size > 0 && !isLit(link))) return undefined
              return (
                <span
                  key={`${route.caller}\n${route.callee}`}
                  class={`map-label ${healthOf(link)}`}
                  style={{ left: `${route.x}px`, top: `${route.y}px` }}
                  aria-hidden="true"
                >
                  <span>{formatRate(link.calls / seconds)}</span>
                  <span>
                    {link.p95 !== undefined && formatDuration(link.p95)}
                    {link.errors > 0 && <b> {formatShare(shareOf(link.errors, link.calls))}</b>}
                  </span>
                </span>
              )
            })}
          </div>
        </div>
      </div>
      <div class="map-zoom" role="group" aria-label="Size of the map">
        <button type="button" onClick={() => turn(true)} aria-label="Larger">
          +
        </button>
        <button type="button" onClick={() => turn(false)} aria-label="Smaller">
          −
        </button>
        <button type="button" onClick={fit} aria-label="Fit the width">
          ⤢
        </button>
      </div>
    </div>
  )
}

interface NodeButtonProps {
  node: ServiceNode
  layout: MapLayout
  seconds: number
  dim: boolean
  found: boolean
  selected: boolean
  onSelect: () => void
  onNear: (name: string | undefined) => void
}

function NodeButton({ node, layout, seconds, dim, found, selected, onSelect, onNear }: NodeButtonProps) {
  const place = layout.places.get(node.name)!
  const health = healthOf(node)
  const share = shareOf(node.errors, node.calls)
  return (
    <button
      type="button"
      class={`map-node ${health} ${node.kind}${dim ? ' dim' : ''}${found ? ' found' : ''}`}
      style={{
        left: `${place.x}px`,
        top: `${place.y}px`,
        width: `${layout.node.width}px`,
        height: `${layout.node.height}px`,
        '--service': serviceColour(node.name),
      }}
      data-service={node.name}
      aria-pressed={selected}
      aria-label={`${node.name}, ${KINDS[node.kind]}: ${summary(node, seconds)}`}
      title={`${node.name}: ${summary(node, seconds)}`}
      onClick={onSelect}
      onMouseEnter={() => onNear(node.name)}
      onMouseLeave={() => onNear(undefined)}
      onFocus={event => (event.currentTarget as HTMLElement).matches(':focus-visible') && onNear(node.name)}
      onBlur={() => onNear(undefined)}
    >
      <span class="map-name">
        <KindMark kind={node.kind} />
        <span>{node.name}</span>
        {node.errors > 0 && health !== 'good' && <b class="map-errors">{formatShare(share)}</b>}
      </span>
      <span class="map-facts">
        {formatRate(node.calls / seconds)}
        {node.p95 !== undefined && <> · {formatDuration(node.p95)}</>}
        {node.errors > 0 && health === 'good' && <> · {formatShare(share)} errors</>}
      </span>
    </button>
  )
}

export const KINDS: Record<ServiceNode['kind'], string> = {
  service: 'service',
  database: 'database',
  messaging: 'messaging system',
  peer: 'peer without spans of its own',
  user: 'users',
}

/** What kind of thing it is: a square in the service's colour, or a sign for what has no spans of its own. */
export function KindMark({ kind }: { kind: ServiceNode['kind'] }) {
  if (kind === 'service') return <i class="map-dot" />
  const paths: Record<Exclude<ServiceNode['kind'], 'service'>, string> = {
    database: 'M2.5 3.5c0-1.1 2-2 4.5-2s4.5.9 4.5 2-2 2-4.5 2-4.5-.9-4.5-2zM2.5 3.5v7c0 1.1 2 2 4.5 2s4.5-.9 4.5-2v-7M2.5 7c0 1.1 2 2 4.5 2s4.5-.9 4.5-2',
    messaging: 'M1.5 3h11v8h-11zM1.5 3.5 7 7.8l5.5-4.3',
    peer: 'M7 1.8a5.2 5.2 0 1 0 0 10.4A5.2 5.2 0 0 0 7 1.8zM1.8 7h10.4M7 1.8c2 2 2 8.4 0 10.4M7 1.8c-2 2-2 8.4 0 10.4',
    user: 'M7 7.2a2.6 2.6 0 1 0 0-5.2 2.6 2.6 0 0 0 0 5.2zM2 12.5c.4-2.6 2.4-4 5-4s4.6 1.4 5 4',
  }
  return (
    <svg class="map-kind" viewBox="0 0 14 14" aria-hidden="true">
      <path d={paths[kind]} fill="none" stroke="currentColor" stroke-width="1.2" stroke-linejoin="round" />
    </svg>
  )
}

function summary(figures: ServiceNode | ServiceLink, seconds: number): string {
  const parts = [formatRate(figures.calls / seconds), `${formatShare(shareOf(figures.errors, figures.calls) ?? 0)} errors`]
  if (figures.p95 !== undefined) parts.push(`95 % within ${formatDuration(figures.p95)}`)
  return parts.join(', ')
}

/** From 1 to 4, by the order of magnitude. */
function thickness(calls: number, busiest: number): number {
  return 1 + 3 * Math.max(0, 1 - Math.log10(busiest / Math.max(1, calls)) / 3)
}

/** The next service in the direction of an arrow key: the nearest, by distance along it and twice that across. */
function neighbourAt(layout: MapLayout, name: string, arrow: string): string | undefined {
  const directions: Record<string, [number, number]> = {
    ArrowRight: [1, 0],
    ArrowLeft: [-1, 0],
    ArrowDown: [0, 1],
    ArrowUp: [0, -1],
  }
  const direction = directions[arrow]
  const from = layout.places.get(name)
  if (!direction || !from) return undefined
  let best: string | undefined
  let least = Infinity
  for (const to of layout.places.values()) {
    const along = (to.x - from.x) * direction[0] + (to.y - from.y) * direction[1]
    const across = Math.abs((to.x - from.x) * direction[1]) + Math.abs((to.y - from.y) * direction[0])
    if (along > 1 && along + 2 * across < least) {
      least = along + 2 * across
      best = to.name
    }
  }
  return best
}
