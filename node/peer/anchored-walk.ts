/** Fetches certificates of rounds whose beginning is not held here: each follows from the one before, the first from none. */
import type { State } from '../../protocols/state/index.ts'
import type { VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import { buildsOn } from './follow.ts'
import type { History } from './history.ts'
import { roundAfter } from './reformed.ts'

/** A certificate that its stage's seats have signed. */
export interface Alone {
  readonly encoded: Uint8Array
  readonly verified: VerifiedCertificate
}

export interface AnchoredWalkInit {
  readonly state: Pick<State, 'certificates'>
  readonly history: Pick<History, 'alone' | 'recoveries'>
  readonly stage: number
  readonly peers: readonly PeerName[]
  /** Finalised height of the chain. */
  readonly headHeight: number
  readonly signal: AbortSignal
}

export class AnchoredWalk {
  readonly #init: AnchoredWalkInit

  constructor(init: AnchoredWalkInit) {
    this.#init = init
  }

  /** All from `from` to `to`, or why they cannot be had. */
  async walk(from: number, to: number): Promise<readonly Alone[] | Refusal> {
    const { state, stage, peers, signal } = this.#init
    const walked: Alone[] = []
    for (let due = from; due <= to; due = this.#after(walked.at(-1)) ?? due) {
      let fresh: readonly Alone[] = []
      const check = async (page: readonly Uint8Array[]): Promise<Refusal | null> => {
        const checked = await this.#check(page, due, walked.at(-1))
        if (isRefusal(checked)) return checked
        fresh = checked
        return null
      }
      const page = await state.certificates(peers, { stage, from: due, to }, check, { signal })
      if (isRefusal(page)) return page
      walked.push(...fresh)
    }
    return walked
  }

  async #check(
    page: readonly Uint8Array[],
    from: number,
    before: Alone | undefined,
  ): Promise<readonly Alone[] | Refusal> {
    const { history, headHeight, signal } = this.#init
    const checked: Alone[] = []
    for (const encoded of page) {
      const verified = await history.alone(encoded, headHeight, signal)
      if (isRefusal(verified)) return verified
      const last = checked.at(-1) ?? before
      const due = this.#after(checked.at(-1)) ?? from
      if (verified.value.scope.round !== due) return refuse('stale-round', 'not the round that was asked for')
      if (last !== undefined && !buildsOn(verified, last.verified))
        return refuse('wrong-hash', 'the certificate does not follow its parent')
      checked.push({ encoded, verified })
    }
    return checked
  }

  /** The round after a certificate's: past the numbers that a recovery left out. */
  #after(last: Alone | undefined): number | null {
    return last === undefined ? null : roundAfter(last.verified.value.scope.round, this.#init.history.recoveries)
  }
}
