/**
 * Buffers lie outside of V8's heap, and those that are dead stay until it marks the heap, which it rarely does: a peer of
 * the default run grows by tens of megabytes before it looks for the first time. Between two rounds is the moment to look.
 */
import type { EventBus } from '../events/bus.ts'

/** Growth since the last collection that is worth one, bytes: a collection costs a peer some 0.1 s of its main thread. */
export const GROWTH_BYTES = 40 * 1024 * 1024

export interface GarbageInit {
  readonly bus: Pick<EventBus, 'subscribe'>
  /** Buffers outside of the heap, dead ones too. */
  readonly bufferBytes: () => number
  /** A full collection. */
  readonly collect: () => void
}

/** After a round, where buffers have grown by {@link GROWTH_BYTES}. Returns what ends it. */
export function collectAfterRounds({ bus, bufferBytes, collect }: GarbageInit): () => void {
  let leftBytes = bufferBytes()
  return bus.subscribe(event => {
    if (event.event !== 'round.certified' || bufferBytes() - leftBytes < GROWTH_BYTES) return
    collect()
    leftBytes = bufferBytes()
  })
}
