/** How many service colours the style sheet defines (`--s0` and on). */
export const COLOURS = 12

/** A service's colour: the same on every page and every visit. */
export function serviceColour(service: string): string {
  return `var(--s${serviceSlot(service)})`
}

/** The number of a service's colour, for what is drawn on a canvas: `token('--s' + slot)`. */
export function serviceSlot(service: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < service.length; i++) {
    hash = Math.imul(hash ^ service.charCodeAt(i), 0x01000193)
  }
  // FNV alone spreads short names badly; this is the last step of MurmurHash3.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  hash ^= hash >>> 16
  return (hash >>> 0) % COLOURS
}
