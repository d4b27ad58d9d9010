import { useEffect, useState } from 'preact/hooks'
import type { Span, Trace } from './model'
import type { Route } from '../router'
import { SpanDetails } from './SpanDetails'
import { TraceHeader } from './TraceHeader'
import { Waterfall } from './Waterfall'

interface TraceViewProps {
  trace: Trace
  route: Route
  /** Told which span's details are shown. */
  onSelect: (span: string | undefined) => void
}

/** One trace: its facts, its waterfall and the span the reader looks at. */
export function TraceView({ trace, route, onSelect }: TraceViewProps) {
  const { spans } = trace
  const linked = spans.findIndex(candidate => candidate.id === route.parameters.get('span'))
  const [selected, setSelected] = useState(Math.max(linked, 0))
  const [open, setOpen] = useState(linked >= 0)
  const [collapsed, setCollapsed] = useState<ReadonlySet<number>>(new Set())

  const show = (index: number, details: boolean) => {
    setSelected(index)
    setOpen(details)
    setCollapsed(last => withoutAncestors(last, spans, index))
    onSelect(details ? spans[index]!.id : undefined)
  }
  const fold = (index: number, folded: boolean) => {
    setCollapsed(last => {
      const next = new Set(last)
      if (folded) next.add(index)
      else next.delete(index)
      return next
    })
    // The selection never hides in a folded subtree.
    if (folded && selected > index && selected < spans[index]!.end) show(index, open)
  }
  const foldAll = () => {
    setCollapsed(new Set(spans.flatMap((candidate, i) => (candidate.depth > 0 && candidate.end > i + 1 ? [i] : []))))
    let top = selected
    while (spans[top]!.depth > 1) top = spans[top]!.parent
    show(top, open)
  }
  const nextError = () => {
    const after = spans.findIndex((candidate, i) => candidate.error && (i > selected || (i === selected && !open)))
    show(after >= 0 ? after : spans.findIndex(candidate => candidate.error), true)
  }

  // A link within the trace leads here without a new page.
  useEffect(() => {
    if (linked >= 0) show(linked, true)
  }, [route])

  return (
    <main id="main" class={open ? 'trace with-details' : 'trace'}>
      <TraceHeader
        trace={trace}
        folded={collapsed.size > 0}
        onFoldAll={foldAll}
        onUnfoldAll={() => setCollapsed(new Set())}
        onNextError={nextError}
      />
      <Waterfall
        trace={trace}
        selected={selected}
        open={open}
        collapsed={collapsed}
        onSelect={index => show(index, open)}
        onOpen={index => show(index, true)}
        onToggle={index => show(index, !(open && index === selected))}
        onClose={() => show(selected, false)}
        onFold={fold}
      />
      {open && <SpanDetails trace={trace} span={spans[selected]!} onClose={() => show(selected, false)} />}
    </main>
  )
}

function withoutAncestors(collapsed: ReadonlySet<number>, spans: readonly Span[], index: number): ReadonlySet<number> {
  const next = new Set(collapsed)
  for (let i = spans[index]!.parent; i >= 0; i = spans[i]!.parent) next.delete(i)
  return next.size === collapsed.size ? collapsed : next
}
