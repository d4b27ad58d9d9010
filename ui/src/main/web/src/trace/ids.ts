/** Finds rows by a 64-bit id in two halves: open addressing over typed arrays, as a trace may have a million. */
export class IdIndex {
  private readonly slots: Int32Array
  private readonly mask: number
  /** The next row with the same id, or -1. */
  private readonly same: Int32Array

  constructor(
    private readonly high: Uint32Array,
    private readonly low: Uint32Array,
    size: number,
  ) {
    let slots = 16
    while (slots < 2 * size) slots *= 2
    this.mask = slots - 1
    this.slots = new Int32Array(slots).fill(-1)
    this.same = new Int32Array(size).fill(-1)
    for (let row = 0; row < size; row++) this.add(row)
  }

  /** The first row with this id, or -1. */
  find(high: number, low: number): number {
    for (let slot = slotOf(high, low) & this.mask; ; slot = (slot + 1) & this.mask) {
      const row = this.slots[slot]!
      if (row < 0 || (this.high[row] === high && this.low[row] === low)) return row
    }
  }

  /** The row after this one with the same id, or -1. */
  next(row: number): number {
    return this.same[row]!
  }

  private add(row: number): void {
    const high = this.high[row]!
    const low = this.low[row]!
    let slot = slotOf(high, low) & this.mask
    for (;;) {
      const other = this.slots[slot]!
      if (other < 0) {
        this.slots[slot] = row
        return
      }
      if (this.high[other] === high && this.low[other] === low) {
        let last = other
        while (this.same[last]! >= 0) last = this.same[last]!
        this.same[last] = row
        return
      }
      slot = (slot + 1) & this.mask
    }
  }
}

function slotOf(high: number, low: number): number {
  let hash = Math.imul(high ^ Math.imul(low, 0x9e3779b1), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35)
  return hash ^ (hash >>> 13)
}
