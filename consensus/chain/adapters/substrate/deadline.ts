/** Every question to a node ends: with an answer, a {@link ChainUnavailable} or the caller's abort. */
import { ChainUnavailable, ChainUnsupported, TransactionRefused } from '../../errors.ts'

export interface Deadline {
  /** What is asked, for the message. */
  readonly what: string
  readonly deadlineMs: number
  readonly signal?: AbortSignal | undefined
}

/** Runs `work`; its own failures become {@link ChainUnavailable}, but for the typed ones. An abort rejects with the signal's reason. */
export async function within<T>(deadline: Deadline, work: () => Promise<T>): Promise<T> {
  const { what, deadlineMs, signal } = deadline
  signal?.throwIfAborted()
  const stop = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    stop.reject(new ChainUnavailable(`the chain's node did not ${what} within ${deadlineMs} ms`))
  }, deadlineMs)
  const abort = (): void => stop.reject(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work(), stop.promise])
  } catch (error) {
    signal?.throwIfAborted()
    throw typed(error, what)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

function typed(error: unknown, what: string): Error {
  const known = [ChainUnavailable, ChainUnsupported, TransactionRefused, RangeError]
  if (error instanceof Error && known.some(type => error instanceof type)) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new ChainUnavailable(`the chain's node could not ${what}: ${reason}`, { cause: error })
}
