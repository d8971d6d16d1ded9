/** Time and chance of the operating system, in the form in which everything else takes them. */
import type { Clock, Random } from '../../protocols/wire/environment.ts'

export function makeSystem(): { readonly clock: Clock; readonly random: Random } {
  return {
    clock: {
      nowMs: () => performance.now(),
      after(delayMs, callback) {
        const timer = setTimeout(callback, delayMs)
        return () => clearTimeout(timer)
      },
    },
    random: Math.random,
  }
}
