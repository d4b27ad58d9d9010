import { useMemo, useState } from 'preact/hooks'
import { serviceColour } from '../colour'
import { Loading } from '../components/Notice'
import { formatDuration, formatShare, plural } from '../format'
import { boxes, type Box } from './aggregate'
import { usePaths, type ScopeProps } from './FlameView'

const WIDTH = 208
const HEIGHT = 62
const GAP_X = 44
const GAP_Y = 14
const MOST = 400

type Measure = 'self' | 'total' | 'errors'

/** The ways through the trace from left to right: who called what, how often, and how long that took. */
export function GraphView(props: ScopeProps & { onGo: (row: number) => void }) {
  const { facts, onGo } = props
  const root = usePaths(props)
  const [measure, setMeasure] = useState<Measure>('self')
  const graph = useMemo(() => (root ? boxes(root, MOST) : undefined), [root])
  if (!root || !graph) return <div class="trace-main padded"><Loading what="the span graph" /></div>
  const most = Math.max(1, ...graph.boxes.map(box => box.node[measure]))
  const width = graph.columns * (WIDTH + GAP_X) - GAP_X + 32
  const height = Math.max(1, graph.rows) * (HEIGHT + GAP_Y) - GAP_Y + 32
  return (
    <div class="trace-main graph-view">
      <div class="table-bar">
        <label class="inline-field">
          Shaded by
          <select value={measure} onChange={event => setMeasure(event.currentTarget.value as Measure)}>
            <option value="self">time of its own</option>
            <option value="total">total time</option>
            <option value="errors">errors</option>
          </select>
        </label>
        {graph.left > 0 && (
          <span class="quiet">
            The {MOST} boxes nearest to the root; {graph.left.toLocaleString('en')} more below them.
          </span>
        )}
      </div>
      <div class="graph-sheet" tabIndex={0} role="group" aria-label="Span graph">
        <div style={{ width: `${width}px`, height: `${height}px`, position: 'relative' }}>
          <svg class="graph-lines" width={width} height={height} aria-hidden="true">
            {graph.boxes.map((box, i) => box.parent && <path key={i} d={line(box.parent, box)} />)}
          </svg>
          <ul>
            {graph.boxes.map((box, i) => (
              <li
                key={i}
                class={box.node.errors > 0 ? 'box failed' : 'box'}
                style={{
                  left: `${x(box)}px`,
                  top: `${y(box)}px`,
                  '--colour': serviceColour(facts.services[box.node.service]!),
                  '--heat': `${Math.round((60 * box.node[measure]) / most)}%`,
                }}
              >
                <button type="button" onClick={() => onGo(box.node.row)} title="Go to the longest of these spans">
                  <b>{facts.services[box.node.service]}</b>
                  <span class="box-name">{facts.names[box.node.name]?.slice(0, 200)}</span>
                  <span class="box-figures">
                    {box.node.errors > 0 && `${plural(box.node.errors, 'error')} · `}
                    {box.node.count > 1 && `${box.node.count.toLocaleString('en')} × · `}
                    {formatDuration(box.node.total / 1000)} · own {formatShare(box.node.self, root.weight)}
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </div>
      </div>
    </div>
  )
}

function x(box: Box): number {
  return 16 + box.column * (WIDTH + GAP_X)
}

function y(box: Box): number {
  return 16 + box.row * (HEIGHT + GAP_Y)
}

function line(parent: Box, child: Box): string {
  const fromX = x(parent) + WIDTH
  const fromY = y(parent) + HEIGHT / 2
  const toX = x(child)
  const toY = y(child) + HEIGHT / 2
  const middle = (fromX + toX) / 2
  return `M${fromX} ${fromY}C${middle} ${fromY} ${middle} ${toY} ${toX} ${toY}`
}
