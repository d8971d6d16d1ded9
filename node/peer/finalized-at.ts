/** Waits for a block to be final. */
import type { Chain } from '../../consensus/chain/types.ts'

/** Resolves once `height` is final. */
export async function finalizedAt(
  chain: Pick<Chain, 'finalizedHead' | 'onFinalized'>,
  height: number,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  const reached = Promise.withResolvers<void>()
  const onAbort = () => reached.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  // Subscribed before the head is read: a block that becomes final in between is not missed.
  const unsubscribe = chain.onFinalized(head => {
    if (head.height >= height) reached.resolve()
  })
  try {
    const head = await chain.finalizedHead({ signal })
    if (head.height < height) await reached.promise
  } finally {
    unsubscribe()
    signal.removeEventListener('abort', onAbort)
    reached.resolve()
  }
}
