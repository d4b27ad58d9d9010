import type { ComponentChildren } from 'preact'
import { serviceColour } from '../colour'
import type { TimeRange } from '../figures/range'
import { formatExact, formatRate, formatShare, shareOf } from '../figures/words'
import { formatDuration } from '../format'
import { Link } from '../router'
import { healthClass, healthOf, type Figures, type ServiceGraph, type ServiceLink } from './graph'
import { atLeast, callTraces, errorTraces, servicePage, traces } from './links'
import { KINDS, type Selection } from './ServiceMap'

interface SelectionPanelProps {
  graph: ServiceGraph
  /** What of it the map shows. */
  shown: ServiceGraph
  range: TimeRange
  seconds: number
  selection: Selection | undefined
  onSelect: (selection: Selection | undefined) => void
  onFocus: (service: string) => void
}

/** Beside the map: what is selected, and where to go from there. */
export function SelectionPanel({ graph, shown, range, seconds, selection, onSelect, onFocus }: SelectionPanelProps) {
  return (
    <aside class="panel selection" aria-label="Selection">
      {content()}
    </aside>
  )

  function content() {
    const node = selection && 'node' in selection ? graph.nodes.find(one => one.name === selection.node) : undefined
    if (node) {
      const own = node.kind === 'service'
      return (
        <>
          <Head title={node.name} colour={serviceColour(node.name)} note={KINDS[node.kind]} onClose={() => onSelect(undefined)} />
          <FigureList figures={node} seconds={seconds} what={own ? 'Requests' : 'Calls'} />
          <p class="selection-links">
            {own && <Link href={servicePage(node.name, range)}>Charts and operations</Link>}
            {own && <Link href={traces(node.name, range)}>Traces</Link>}
            {own && node.errors > 0 && <Link href={errorTraces(node.name, range)}>Traces with errors</Link>}
            {own && node.p95 !== undefined && (
              <Link href={traces(node.name, range, { minDuration: atLeast(node.p95) })}>Slow traces</Link>
            )}
            <button type="button" class="link" onClick={() => onFocus(node.name)}>
              Only its neighbours
            </button>
          </p>
          <LinkList title="Called by" links={graph.links.filter(link => link.callee === node.name)} other={link => link.caller} />
          <LinkList title="Calls" links={graph.links.filter(link => link.caller === node.name)} other={link => link.callee} />
        </>
      )
    }
    const link =
      selection && 'caller' in selection
        ? graph.links.find(one => one.caller === selection.caller && one.callee === selection.callee)
        : undefined
    if (link) {
      const isOwn = (name: string) => graph.nodes.find(one => one.name === name)?.kind === 'service'
      // What has no spans of its own is seen in those of the other.
      const searched = isOwn(link.callee) ? link.callee : link.caller
      const both = isOwn(link.caller) && isOwn(link.callee)
      return (
        <>
          <Head
            title={
              <>
                <button type="button" class="link" onClick={() => onSelect({ node: link.caller })}>
                  {link.caller}
                </button>{' '}
                →{' '}
                <button type="button" class="link" onClick={() => onSelect({ node: link.callee })}>
                  {link.callee}
                </button>
              </>
            }
            note={link.connections.join(', ')}
            onClose={() => onSelect(undefined)}
          />
          <FigureList figures={link} seconds={seconds} what="Calls" />
          <p class="selection-links">
            <Link href={both ? callTraces(link.caller, link.callee, range) : traces(searched, range)}>
              {both ? 'Traces with such a call' : `Traces through ${searched}`}
            </Link>
            {both && link.errors > 0 && (
              <Link href={callTraces(link.caller, link.callee, range, true)}>Those in which it failed</Link>
            )}
          </p>
        </>
      )
    }
    return <Worst graph={shown} seconds={seconds} onSelect={onSelect} />
  }

  function LinkList({ title, links, other }: { title: string; links: ServiceLink[]; other: (link: ServiceLink) => string }) {
    if (links.length === 0) return undefined
    return (
      <>
        <h3>
          {title} <span class="quiet">{links.length}</span>
        </h3>
        <ul class="selection-list">
          {[...links]
            .sort((a, b) => b.calls - a.calls)
            .map(link => (
              <li key={other(link)}>
                <button type="button" onClick={() => onSelect({ caller: link.caller, callee: link.callee })}>
                  <span>{other(link)}</span>
                  <Short figures={link} seconds={seconds} />
                </button>
              </li>
            ))}
        </ul>
      </>
    )
  }
}

/** What to look at first when nothing is selected. */
function Worst({ graph, seconds, onSelect }: { graph: ServiceGraph; seconds: number; onSelect: (selection: Selection) => void }) {
  const failing = graph.nodes
    .filter(node => healthOf(node) !== 'good')
    .sort((a, b) => b.errors / b.calls - a.errors / a.calls)
    .slice(0, 8)
  const slow = graph.nodes
    .filter(node => node.kind === 'service' && node.p95 !== undefined)
    .sort((a, b) => b.p95! - a.p95!)
    .slice(0, 5)
  return (
    <>
      <p class="panel-note">
        {graph.nodes.length} {graph.nodes.length === 1 ? 'service' : 'services'}, {graph.links.length} {graph.links.length === 1 ? 'link' : 'links'}. Select a
        service or a line.
      </p>
      <h3>Most errors</h3>
      {failing.length === 0 ? (
        <p class="panel-note">None fails as much as one request in a hundred.</p>
      ) : (
        list(failing)
      )}
      {slow.length > 0 && <h3>Slowest (p95)</h3>}
      {list(slow)}
    </>
  )

  function list(nodes: ServiceGraph['nodes']) {
    return (
      <ul class="selection-list">
        {nodes.map(node => (
          <li key={node.name}>
            <button type="button" onClick={() => onSelect({ node: node.name })}>
              <span>{node.name}</span>
              <Short figures={node} seconds={seconds} />
            </button>
          </li>
        ))}
      </ul>
    )
  }
}

function Head({ title, colour, note, onClose }: { title: ComponentChildren; colour?: string; note: string; onClose: () => void }) {
  return (
    <div class="selection-head">
      <h2>
        {colour && <span class="dot" style={{ background: colour }} />}
        <span>{title}</span>
      </h2>
      <button type="button" class="bare" aria-label="Close the selection" onClick={onClose}>
        ×
      </button>
      <p class="panel-note">{note}</p>
    </div>
  )
}

function Short({ figures, seconds }: { figures: Figures; seconds: number }) {
  return (
    <span class="selection-short">
      {formatRate(figures.calls / seconds)}
      {figures.p95 !== undefined && <> · {formatDuration(figures.p95)}</>}
      {figures.errors > 0 && (
        <span class={healthClass(figures)}> · {formatShare(shareOf(figures.errors, figures.calls))}</span>
      )}
    </span>
  )
}

function FigureList({ figures, seconds, what }: { figures: Figures; seconds: number; what: string }) {
  return (
    <dl class="figure-list">
      <dt>{what}</dt>
      <dd>
        {formatRate(figures.calls / seconds)} <small>{formatExact(figures.calls)} in all</small>
      </dd>
      <dt>Errors</dt>
      <dd class={healthClass(figures)}>
        {formatShare(shareOf(figures.errors, figures.calls) ?? 0)} <small>{formatExact(figures.errors)}</small>
      </dd>
      {(['p50', 'p95', 'p99'] as const).map(name => (
        <>
          <dt>{name}</dt>
          <dd>{figures[name] === undefined ? '–' : formatDuration(figures[name]!)}</dd>
        </>
      ))}
    </dl>
  )
}
