import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { serviceColour } from '../colour'
import { ErrorIcon } from '../components/Icons'
import { Loading } from '../components/Notice'
import { formatDuration, formatShare, plural } from '../format'
import { frames, type Frame, type PathNode } from './aggregate'
import type { TraceSession } from './session'
import type { Facts, Layout } from './tree'

export interface ScopeProps {
  session: TraceSession
  /** Which rows, of which version of the trace. */
  scope: { from: number; to: number; version: Layout }
  facts: Facts
}

/** The ways through the trace as a tree, once the worker has made it. */
export function usePaths({ session, scope }: ScopeProps): PathNode | undefined {
  const [root, setRoot] = useState<PathNode | undefined>(undefined)
  useEffect(() => {
    let moot = false
    void session.ask({ ask: 'paths', from: scope.from, to: scope.to }).then(answer => {
      if (!moot) setRoot(answer)
    })
    return () => {
      moot = true
    }
  }, [session, scope.version, scope.from, scope.to])
  return root
}

/** Spans that were reached by the same way as one frame, as wide as the time they took. */
export function FlameView(props: ScopeProps & { onGo: (row: number) => void }) {
  const { facts, onGo } = props
  const root = usePaths(props)
  const [top, setTop] = useState<PathNode | undefined>(undefined)
  const [current, setCurrent] = useState(0)
  const box = useRef<HTMLDivElement>(null)
  const list = useMemo(() => (root ? frames(top ?? root, 1 / 800) : []), [root, top])
  const at = Math.min(current, Math.max(0, list.length - 1))
  const chosen = list[at]
  if (!root) return <div class="trace-main padded"><Loading what="the flame graph" /></div>
  const total = (top ?? root).weight
  const levels = list.reduce((max, frame) => Math.max(max, frame.level + 1), 0)

  const move = (to: Frame | undefined) => {
    if (!to) return
    setCurrent(list.indexOf(to))
    box.current!.querySelector(`#frame-${list.indexOf(to)}`)?.scrollIntoView({ block: 'nearest' })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (!chosen || event.altKey || event.ctrlKey || event.metaKey) return
    const siblings = list.filter(frame => frame.level === chosen.level)
    const place = siblings.indexOf(chosen)
    switch (event.key) {
      case 'ArrowDown':
        move(list.find(frame => frame.parent === chosen))
        break
      case 'ArrowUp':
        if (chosen.parent) move(chosen.parent)
        else if (top) setTop(undefined)
        break
      case 'ArrowLeft':
        move(siblings[place - 1])
        break
      case 'ArrowRight':
        move(siblings[place + 1])
        break
      case 'Enter':
        enter(chosen)
        break
      case ' ':
        onGo(chosen.node.row)
        break
      default:
        return
    }
    event.preventDefault()
    event.stopPropagation()
  }
  const enter = (frame: Frame) => {
    setTop(frame.node === top ? undefined : frame.node)
    setCurrent(0)
  }
  return (
    <div class="trace-main flame">
      <div class="flame-bar">
        {chosen && (
          <p role="status">
            <b>{serviceOf(chosen.node)}</b> {nameOf(chosen.node)} · {plural(chosen.node.count, 'span')}, together{' '}
            {formatDuration(chosen.node.total / 1000)}, of its own {formatDuration(chosen.node.self / 1000)}
            {chosen.node.errors > 0 && `, ${plural(chosen.node.errors, 'error')}`}
          </p>
        )}
        {top && (
          <button type="button" class="small" onClick={() => setTop(undefined)}>
            Show all
          </button>
        )}
        {chosen && (
          <button type="button" class="small" onClick={() => onGo(chosen.node.row)}>
            Longest span
          </button>
        )}
      </div>
      <div
        class="flame-frames"
        ref={box}
        role="tree"
        tabIndex={0}
        aria-label="Flame graph"
        aria-activedescendant={`frame-${at}`}
        onKeyDown={onKeyDown}
      >
        <div role="presentation" style={{ height: `${levels * 24 + 8}px`, position: 'relative' }}>
          {list.map((frame, i) => (
            <div
              key={i}
              id={`frame-${i}`}
              role="treeitem"
              aria-level={frame.level + 1}
              aria-selected={i === at}
              class={frame.node.errors > 0 ? 'frame failed' : 'frame'}
              style={{
                left: `${100 * frame.x}%`,
                width: `${100 * frame.width}%`,
                top: `${frame.level * 24}px`,
                '--colour': serviceColour(serviceOf(frame.node)),
              }}
              title={`${serviceOf(frame.node)}\n${nameOf(frame.node)}\n${plural(frame.node.count, 'span')}, ${formatShare(frame.node.weight, total)}`}
              onClick={() => (i === at ? enter(frame) : setCurrent(i))}
            >
              {frame.width > 0.02 && (
                <>
                  {frame.node.errors > 0 && <ErrorIcon />}
                  <span>
                    {nameOf(frame.node)} <span class="quiet">{formatShare(frame.node.weight, total)}</span>
                  </span>
                </>
              )}
            </div>
          ))}
        </div>
      </div>
      <p class="hint">
        A frame is as wide as the time that it and all below it took for themselves, added up; what ran at the same time
        adds up, too. Click or Enter opens a frame, Space goes to its longest span.
      </p>
    </div>
  )

  function serviceOf(node: PathNode): string {
    return facts.services[node.service] ?? ''
  }

  function nameOf(node: PathNode): string {
    return (facts.names[node.name] ?? '').slice(0, 200)
  }
}
