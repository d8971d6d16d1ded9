/** Asking several that may have the same thing: one after the other, but who is silent for a while is not waited for alone. */
import type { Clock } from '../wire/environment.ts'
import type { PeerName } from '../wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../wire/refusals.ts'

export interface InTurnInit<T> {
  readonly peers: readonly PeerName[]
  readonly clock: Clock
  /** How long the newest may be silent before the next is asked beside it. */
  readonly patienceMs: () => number
  readonly signal?: AbortSignal
  /** `sent` is called when the question leaves: until then it waits for its turn here. */
  readonly ask: (peer: PeerName, signal: AbortSignal, sent: () => void) => Promise<T | Refusal>
}

/** The first that is given; the others are aborted. The last refusal where nobody gives anything. */
export async function askInTurn<T>({ peers, clock, patienceMs, signal, ask }: InTurnInit<T>): Promise<T | Refusal> {
  const { promise, resolve, reject } = Promise.withResolvers<T | Refusal>()
  const over = new AbortController()
  const either = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal])
  const left = [...peers]
  let asked = 0
  let last = refuse('unknown-item', 'nobody to ask')
  const askNext = (): void => {
    const peer = either.aborted ? undefined : left.shift()
    if (peer === undefined) {
      if (asked === 0) resolve(signal?.aborted === true ? refuse('aborted') : last)
      return
    }
    asked++
    let isNewest = true
    let cancel = (): void => {}
    const pass = (): void => {
      cancel()
      if (!isNewest) return
      isNewest = false
      askNext()
    }
    const sent = (): void => {
      if (isNewest) cancel = clock.after(patienceMs(), pass)
    }
    ask(peer, either, sent).then(given => {
      asked--
      if (!isRefusal(given)) {
        cancel()
        isNewest = false
        resolve(given)
        return
      }
      last = given
      if (isNewest) pass()
      // One that was passed over before: it may be the last that anything could come from.
      else if (left.length === 0) askNext()
    }, reject)
  }
  askNext()
  try {
    return await promise
  } finally {
    over.abort(new Error('another holder has given it'))
  }
}
