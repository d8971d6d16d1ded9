/** Waits that end. */
import type { Clock } from '../wire/environment.ts'

/** Gives `work` a signal that fires with `signal` or after `limitMs`, whichever is first. */
export async function within<T>(
  clock: Clock,
  limitMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  const controller = new AbortController()
  const abort = (): void => controller.abort(signal.reason)
  const cancel = clock.after(limitMs, () => controller.abort(new Error(`no answer within ${limitMs} ms`)))
  signal.addEventListener('abort', abort)
  try {
    return await work(controller.signal)
  } finally {
    cancel()
    signal.removeEventListener('abort', abort)
  }
}

/** Runs `work` for all items, at most `parallel` at a time. `work` must not reject. */
export async function forEachParallel<T>(
  items: Iterable<T>,
  parallel: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]()
  const lane = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true; next = queue.next()) await work(next.value)
  }
  await Promise.all(Array.from({ length: parallel }, lane))
}
