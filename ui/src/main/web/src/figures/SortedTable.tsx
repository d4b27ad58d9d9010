import type { ComponentChildren, JSX } from 'preact'
import { useState } from 'preact/hooks'
import { sortRows, type Order } from './sort'

export interface Column<Row> {
  label: string
  /** What the column is sorted by. */
  by: (row: Row) => string | number | undefined
  /** What stands in the cell; what it is sorted by unless told otherwise. */
  cell?: (row: Row) => ComponentChildren
  /** Numbers stand to the right and are first sorted downwards. */
  number?: boolean
  /** The cell that names the row. */
  head?: boolean
  title?: string
}

interface SortedTableProps<Row> {
  caption: string
  columns: Column<Row>[]
  rows: readonly Row[]
  keyOf: (row: Row) => string
  /** The column that rows are sorted by at first, and which way. */
  first: Order
  /** Shown in place of rows. */
  empty?: string
  /** Rows that are shown before somebody asks for the rest. */
  most?: number
  mark?: (row: Row) => string | undefined
}

/** A table whose headings sort it. */
export function SortedTable<Row>({ caption, columns, rows, keyOf, first, empty, most = 100, mark }: SortedTableProps<Row>) {
  const [order, setOrder] = useState(first)
  const [all, setAll] = useState(false)
  const sorted = sortRows(rows, columns[order.column]!.by, order.down)
  const shown = all ? sorted : sorted.slice(0, most)
  const turn = (column: number) =>
    setOrder(
      order.column === column ? { column, down: !order.down } : { column, down: columns[column]!.number === true },
    )
  return (
    <div class="sorted">
      <table class="figures-table">
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column, at) => (
              <th
                key={column.label}
                scope="col"
                class={column.number ? 'number' : undefined}
                aria-sort={order.column === at ? (order.down ? 'descending' : 'ascending') : undefined}
                title={column.title}
              >
                <button type="button" onClick={() => turn(at)}>
                  {column.label}
                  <span class="sort-mark" aria-hidden="true">
                    {order.column === at ? (order.down ? '▾' : '▴') : ''}
                  </span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map(row => (
            <tr key={keyOf(row)} class={mark?.(row)}>
              {columns.map(column => cell(column, row))}
            </tr>
          ))}
          {rows.length === 0 && empty !== undefined && (
            <tr>
              <td colSpan={columns.length} class="quiet">
                {empty}
              </td>
            </tr>
          )}
        </tbody>
      </table>
      {shown.length < sorted.length && (
        <button type="button" class="link more-rows" onClick={() => setAll(true)}>
          Show all {sorted.length.toLocaleString('en')}
        </button>
      )}
    </div>
  )
}

function cell<Row>(column: Column<Row>, row: Row): JSX.Element {
  const content = column.cell ? column.cell(row) : column.by(row)
  const style = column.number ? 'number' : undefined
  return column.head ? (
    <th key={column.label} scope="row" class={style}>
      {content}
    </th>
  ) : (
    <td key={column.label} class={style}>
      {content}
    </td>
  )
}
