/** Which column a table is sorted by, and which way. */
export interface Order {
  column: number
  down: boolean
}

/** The rows in order; what has no value stands last either way, and equal rows stay as they were. */
export function sortRows<Row>(
  rows: readonly Row[],
  by: (row: Row) => string | number | undefined,
  down: boolean,
): Row[] {
  const sign = down ? -1 : 1
  return [...rows].sort((a, b) => {
    const one = by(a)
    const other = by(b)
    if (one === undefined || other === undefined) return (one === undefined ? 1 : 0) - (other === undefined ? 1 : 0)
    if (typeof one === 'string' || typeof other === 'string') return sign * String(one).localeCompare(String(other))
    return sign * (one - other)
  })
}
