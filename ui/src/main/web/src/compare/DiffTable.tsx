import { useEffect, useMemo, useState } from 'preact/hooks'
import { ErrorIcon } from '../components/Icons'
import { serviceColour } from '../colour'
import { formatDuration, plural } from '../format'
import { Link } from '../router'
import { difference, type Change, type DiffNode, type DiffRow, type Measure, type Side } from './traceDiff'

interface DiffTableProps {
  rows: readonly DiffRow[]
  measure: Measure
  linkOf: (side: 'left' | 'right', row: number) => string
}

const FIRST = 300
const NOTHING: ReadonlySet<DiffNode> = new Set()

/** Never by colour alone: each has its word. */
const WORDS: Record<Change, string> = {
  left: 'only in A',
  right: 'only in B',
  slower: 'slower in B',
  faster: 'faster in B',
  same: '',
}

/** Both traces as one list of ways, indented by depth. */
export function DiffTable({ rows, measure, linkOf }: DiffTableProps) {
  const [folded, setFolded] = useState(NOTHING)
  const [most, setMost] = useState(FIRST)
  useEffect(() => setMost(FIRST), [rows])
  const visible = useMemo(() => unfolded(rows, folded), [rows, folded])
  const longest = useMemo(
    () => rows.reduce((max, { node }) => Math.max(max, Math.abs(difference(node, measure))), 1),
    [rows, measure],
  )
  const fold = (node: DiffNode) => {
    const next = new Set(folded)
    if (!next.delete(node)) next.add(node)
    setFolded(next)
  }
  if (rows.length === 0) {
    return (
      <p class="strip" role="status">
        Nothing differs: the same operations were reached by the same ways, in about the same time.
      </p>
    )
  }
  return (
    <div class="sorted">
      <table class="figures-table diff">
        <caption class="unseen">What differs between the two traces</caption>
        <thead>
          <tr>
            <th scope="col">Operation</th>
            <th scope="col" class="number">
              A
            </th>
            <th scope="col" class="number">
              B
            </th>
            <th scope="col" class="number">
              B − A
            </th>
            <th scope="col">
              <span class="unseen">Difference</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {visible.slice(0, most).map(({ row, below }) => (
            <tr key={row.node} class={`change-${row.change}`}>
              <th scope="row">
                <span class="diff-name" style={{ paddingLeft: `${Math.min(row.node.depth, 24) * 14}px` }}>
                  {below > 0 ? (
                    <button
                      type="button"
                      class="bare diff-fold"
                      aria-expanded={!folded.has(row.node)}
                      aria-label={`${plural(below, 'operation')} below ${row.node.name.slice(0, 100)}`}
                      onClick={() => fold(row.node)}
                    >
                      {folded.has(row.node) ? '▸' : '▾'}
                    </button>
                  ) : (
                    <span class="diff-fold" />
                  )}
                  <i class="dot" style={{ background: serviceColour(row.node.service) }} />
                  <span class="diff-words">
                    <b>{row.node.service}</b> <bdi>{row.node.name.slice(0, 300)}</bdi>
                  </span>
                </span>
              </th>
              <td class="number" data-side="A">{cell(row.node.left, 'left')}</td>
              <td class="number" data-side="B">{cell(row.node.right, 'right')}</td>
              <td class="number diff-by">
                {row.node.left && row.node.right && signed(difference(row.node, measure))}
              </td>
              <td class="diff-what">
                {row.node.left && row.node.right ? (
                  <span class="diff-bar" aria-hidden="true">
                    <i style={barOf(difference(row.node, measure) / longest)} />
                  </span>
                ) : null}
                <span class="diff-word">
                  {[WORDS[row.change], counts(row)].filter(Boolean).join(', ')}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {visible.length > most && (
        <button type="button" class="link more-rows" onClick={() => setMost(most + 1_000)}>
          Show more of {visible.length.toLocaleString('en')}
        </button>
      )}
    </div>
  )

  function cell(side: Side | undefined, which: 'left' | 'right') {
    if (!side) return <span class="quiet">–</span>
    return (
      <Link href={linkOf(which, side.row)} title="The longest of these spans">
        {side.errors > 0 && <ErrorIcon label={plural(side.errors, 'error')} />}
        {side.count > 1 && <span class="diff-count">{side.count.toLocaleString('en')} × </span>}
        {formatDuration(side[measure] / side.count / 1000)}
      </Link>
    )
  }
}

function counts({ node, otherCount, otherErrors }: DiffRow): string {
  if (!node.left || !node.right) return ''
  return [
    otherCount && `${node.left.count.toLocaleString('en')} → ${plural(node.right.count, 'span')}`,
    otherErrors && `${node.left.errors.toLocaleString('en')} → ${plural(node.right.errors, 'error')}`,
  ]
    .filter(Boolean)
    .join(', ')
}

function signed(nanos: number): string {
  return nanos === 0 ? '0' : `${nanos > 0 ? '+' : '−'}${formatDuration(Math.abs(nanos) / 1000)}`
}

/** From the middle to the right for what takes longer in B. */
function barOf(share: number): { left: string; width: string } {
  const width = Math.abs(share) * 50
  return { left: `${share < 0 ? 50 - width : 50}%`, width: `${width}%` }
}

/** The rows that no folded one hides, each with how many stand below it. */
function unfolded(rows: readonly DiffRow[], folded: ReadonlySet<DiffNode>): { row: DiffRow; below: number }[] {
  const list: { row: DiffRow; below: number }[] = []
  const below = new Array<number>(rows.length).fill(0)
  const open: number[] = []
  rows.forEach((row, i) => {
    while (open.length > 0 && rows[open.at(-1)!]!.node.depth >= row.node.depth) open.pop()
    for (const above of open) below[above]!++
    open.push(i)
  })
  let hiddenFrom = Infinity
  rows.forEach((row, i) => {
    if (row.node.depth > hiddenFrom) return
    hiddenFrom = folded.has(row.node) ? row.node.depth : Infinity
    list.push({ row, below: below[i]! })
  })
  return list
}
