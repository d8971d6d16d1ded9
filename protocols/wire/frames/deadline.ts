/** One signal out of several reasons to stop, which remembers the reason as a refusal. */
import type { Clock } from '../environment.ts'
import { type Refusal, refuse } from '../refusals.ts'

export interface Deadline {
  readonly signal: AbortSignal
  /** Why the signal fired; 'aborted' where it has not. */
  reason(): Refusal
  stop(reason: Refusal): void
  /** Drops timer and listener; must be called in the end. */
  clear(): void
}

export function startDeadline(clock: Clock, timeoutMs: number, outer: AbortSignal | undefined): Deadline {
  const controller = new AbortController()
  let reason = refuse('aborted')
  const stop = (why: Refusal): void => {
    if (controller.signal.aborted) return
    reason = why
    controller.abort()
  }
  const cancelTimer = clock.after(timeoutMs, () => stop(refuse('timed-out', `after ${timeoutMs} ms`)))
  const onAbort = (): void => stop(refuse('aborted'))
  outer?.addEventListener('abort', onAbort)
  if (outer?.aborted === true) onAbort()
  return {
    signal: controller.signal,
    reason: () => reason,
    stop,
    clear: () => {
      cancelTimer()
      outer?.removeEventListener('abort', onAbort)
    },
  }
}
