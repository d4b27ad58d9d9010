import { useEffect, useState } from 'preact/hooks'

/** After so long without an answer the page says that it is waiting. */
export const SLOW_MS = 4_000

/** Whether something is awaited for long, counted anew whenever `step` changes. */
export function useSlow(waiting: boolean, step: unknown = 0): boolean {
  const [slow, setSlow] = useState(false)
  useEffect(() => {
    setSlow(false)
    if (!waiting) return
    const timer = setTimeout(() => setSlow(true), SLOW_MS)
    return () => clearTimeout(timer)
  }, [waiting, step])
  return slow && waiting
}
