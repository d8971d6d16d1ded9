/**
 * A peer that was dealt to a stage and has no seat in it yet: it follows the certified rounds without weight, executes them,
 * and shows the seats by its signed OUTCOMEs that it has their state. That is what admits it (consensus/membership).
 */
import type { Outcome } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { CatchUp } from './catch-up.ts'
import { delay } from './delay.ts'
import { isSeated } from './epoch.ts'
import type { Certified } from './follow.ts'
import type { History } from './history.ts'
import type { Membership } from './membership.ts'
import { placeNow } from './place.ts'
import { RoundBell } from './round-bell.ts'
import type { RoundInbox } from './round-inbox.ts'
import type { StageState } from './stage-state.ts'
import { tookPart } from './took-part.ts'
import type { PeerParts } from './types.ts'

/** Without news it asks its siblings this often, ms. */
const LOOK_MS = 2_000
/** A sibling gossips a certificate a little before its disk has the round. */
const RETRY_MS = 100
const RETRIES = 10

export interface FollowerInit {
  readonly parts: PeerParts
  readonly membership: Membership
  readonly stageState: StageState
  readonly history: History
  readonly catchUp: CatchUp
  readonly inbox: RoundInbox
  /** A certified round was executed here; `vouched`: its OUTCOME went to the seats. */
  readonly onFollowed: (round: number, vouched: boolean) => void
  readonly onResumed: (round: number) => void
  /** Has a person asked this peer to go? */
  readonly wantsToLeave: () => boolean
}

/**
 * How it ended: it was told to stop, it has a seat from the next round on, its stage does not wait for it any more, or went on
 * from an earlier round.
 */
export type FollowerEnd = 'stopped' | 'seated' | 'released' | 'left'

export class Follower {
  readonly #init: FollowerInit
  readonly #bell = new RoundBell()
  /** The newest round that is known to be certified. */
  #certified = 0
  #vouched = 0

  constructor(init: FollowerInit) {
    this.#init = init
  }

  /** The stage certified this round, or something about the seats changed (without a round). */
  wake(round = 0): void {
    this.#certified = Math.max(this.#certified, round)
    this.#bell.ring()
  }

  async run(signal: AbortSignal): Promise<FollowerEnd> {
    const { parts, membership, stageState, history } = this.#init
    while (!signal.aborted) {
      if (history.standing(stageState.tip).type === 'left') return 'left'
      const number = membership.epochOf(stageState.tip.reference.height)
      if (isSeated(await membership.epoch(number, signal), parts.self, parts.stage)) return 'seated'
      if (!this.#isAwaited() || this.#init.wantsToLeave()) return 'released'
      await this.#vouch()
      if (this.#certified <= stageState.tip.round) await this.#news(signal)
      await this.#catchUp(signal).catch(error => {
        if (!signal.aborted) throw error
      })
    }
    return 'stopped'
  }

  #isAwaited(): boolean {
    const { parts, membership } = this.#init
    const place = placeNow(membership, parts.self)
    return (place.role === 'seat' || place.role === 'candidate') && place.stage === parts.stage
  }

  async #news(signal: AbortSignal): Promise<void> {
    const patience = new AbortController()
    const cancel = this.#init.parts.clock.after(LOOK_MS, () => patience.abort())
    // The signal's end is seen by the loop.
    await this.#bell.wait(AbortSignal.any([signal, patience.signal])).catch(() => undefined)
    cancel()
  }

  async #catchUp(signal: AbortSignal): Promise<void> {
    const { catchUp, stageState, inbox, parts } = this.#init
    for (let attempt = 0; attempt <= RETRIES; attempt++) {
      await catchUp.run(signal)
      inbox.abandon(stageState.tip.round + 1, new Error('this peer follows'))
      if (stageState.tip.round >= this.#certified) return
      await delay(parts.clock, RETRY_MS, signal)
    }
    // Who said so cannot show it, or it is more than they keep: the next news starts anew.
    this.#certified = 0
  }

  /** Signs the OUTCOME of the newest round, where it was executed here, and sends it to the seats. */
  async #vouch(): Promise<void> {
    const { stageState, parts, membership, onFollowed } = this.#init
    const { executed } = stageState
    if (executed === null || executed.tip.round <= this.#vouched) return
    const { round } = executed.tip
    this.#vouched = round
    const { journal } = parts
    if (journal.suspended !== null) await this.#resume(executed)
    // Once it is admitted there is nothing more to show.
    else onFollowed(round, placeNow(membership, parts.self).role === 'candidate' && (await this.#send(executed)))
  }

  async #send({ verified }: Certified): Promise<boolean> {
    const { parts } = this.#init
    // It was no part of the round, so it heard nobody in it.
    const outcome: Outcome = { ...verified.outcome, heard: new Uint8Array(verified.outcome.heard.length) }
    const signed = await parts.journal.sign(outcome)
    if (isRefusal(signed)) {
      parts.warn(`the journal does not sign an outcome: ${signed.detail ?? signed.refused}`)
      return false
    }
    parts.agreement.forgetBelow(outcome.scope.round)
    parts.agreement.broadcast({ signed, attachments: [] })
    return true
  }

  /** The round was certified without this peer: what it signs from the next one on cannot contradict what it forgot. */
  async #resume({ tip, verified }: Certified): Promise<void> {
    const { parts, membership, onResumed } = this.#init
    const { run, stage, self, journal } = parts
    // A seat that it had in the epoch of the round may be in another's hands.
    const group = membership.known(tip.epoch)?.groups[stage] ?? null
    if (tookPart(verified, group, self)) return
    const round = tip.round + 1
    await journal.resume({ run: run.id, stage, epoch: tip.epoch, round })
    onResumed(round)
  }
}
