/**
 * Garbage is collected between two rounds, once there is enough of it: one look at the whole heap, while nothing waits. Left
 * to itself V8 does not look at all for ten rounds, by which a peer has grown by tens of megabytes of dead buffers, and from
 * then on twice a round, step by step, which took a third of the main threads' time.
 */
import type { EventBus } from '../events/bus.ts'

/** Growth since the last collection that is worth one, bytes: a collection costs a peer some 0.1 s of its main thread. */
export const GROWTH_BYTES = 12 * 1024 * 1024

export interface GarbageInit {
  readonly bus: Pick<EventBus, 'subscribe'>
  /** V8's heap and the buffers outside of it, with what is dead. */
  readonly heldBytes: () => number
  /** A full collection. */
  readonly collect: () => void
}

/** After a round, where the heap and its buffers have grown by {@link GROWTH_BYTES}. Returns what ends it. */
export function collectAfterRounds({ bus, heldBytes, collect }: GarbageInit): () => void {
  let leftBytes = heldBytes()
  return bus.subscribe(event => {
    if (event.event !== 'round.certified' || heldBytes() - leftBytes < GROWTH_BYTES) return
    collect()
    leftBytes = heldBytes()
  })
}
