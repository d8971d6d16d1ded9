/**
 * Keeps the certificates on disk bounded: those of the newest rounds stay, and below them what the chain does not vouch for
 * yet. The last anchored round that is kept is where a newcomer or a verifier begins.
 */
import type { RoundStore } from '../journal/index.ts'

/**
 * The lowest round whose certificates must stay; null where all must.
 *
 * @param tipRound - last certified round
 * @param anchoredRound - newest round in a final anchor that the older snapshot does not precede; null where there is none
 */
export function pruneFloor(tipRound: number, keepRounds: number, anchoredRound: number | null): number | null {
  return anchoredRound === null ? null : Math.min(tipRound - keepRounds + 1, anchoredRound)
}

export interface PrunerInit {
  readonly store: RoundStore
  readonly stage: number
  readonly keepRounds: number
  /** Newest round, not after the given one, that a final anchor has in agreement with the own history; null where there is none. */
  readonly finalAtMost: (round: number) => number | null
  /** A failed disk is the store's to tell, with the next round's write. */
  readonly onWarning: (message: string) => void
}

export class Pruner {
  readonly #init: PrunerInit
  #isRunning = false

  constructor(init: PrunerInit) {
    this.#init = init
  }

  /** After each round; most times there is nothing to do. */
  run(tipRound: number): void {
    const { store, stage, keepRounds, finalAtMost, onWarning } = this.#init
    const older = store.snapshots[1]
    const oldest = store.oldest(stage)
    if (this.#isRunning || older === undefined || oldest === null) return
    const floor = pruneFloor(tipRound, keepRounds, finalAtMost(older.round))
    if (floor === null || floor <= oldest) return
    this.#isRunning = true
    store
      .prune(floor)
      .catch(error => onWarning(`old certificates could not be removed: ${String(error)}`))
      .finally(() => {
        this.#isRunning = false
      })
  }
}
