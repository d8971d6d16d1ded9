/**
 * A peer that was dealt to a stage and has no seat in it yet: it follows the certified rounds without weight, executes them,
 * and shows the seats by its signed OUTCOMEs that it has their state. That is what admits it (consensus/membership).
 */
import type { Roster } from '../../consensus/membership/index.ts'
import type { Clock } from '../../protocols/wire/environment.ts'
import type { Outcome, PeerName, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { SigningJournal } from '../journal/index.ts'
import type { Run } from '../run/folder.ts'
import type { CatchUp } from './catch-up.ts'
import { delay } from './delay.ts'
import { isSeated } from './epoch.ts'
import type { Certified } from './follow.ts'
import type { History } from './history.ts'
import type { KeyWatch } from './key-watch.ts'
import type { Membership } from './membership.ts'
import { RoundBell } from './round-bell.ts'
import type { StageState } from './stage-state.ts'

/** Without news it asks its siblings this often, ms. */
const LOOK_MS = 2_000
/** A sibling gossips a certificate a little before its disk has the round. */
const RETRY_MS = 100
const RETRIES = 10

export interface FollowerInit {
  readonly run: Run
  readonly self: PeerName
  readonly stage: number
  readonly clock: Clock
  readonly journal: SigningJournal
  readonly keyWatch: KeyWatch
  readonly membership: Membership
  readonly stageState: StageState
  readonly history: History
  readonly catchUp: CatchUp
  /** Shows the seats what it signed. */
  readonly show: (signed: Signed<Outcome>) => void
  /** This is the next round now. */
  readonly onOpen: (round: number) => void
  /** A certified round was executed here; `vouched`: its OUTCOME went to the seats. */
  readonly onFollowed: (round: number, vouched: boolean) => void
  /** Has a person asked this peer to go? */
  readonly wantsToLeave: () => boolean
  readonly warn: (message: string) => void
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
    const { self, stage, membership, stageState, history } = this.#init
    while (!signal.aborted) {
      if (history.standing(stageState.tip).type === 'left') return 'left'
      const number = membership.epochOf(stageState.tip.reference.height)
      if (isSeated(await membership.epoch(number, signal), self, stage)) return 'seated'
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
    const { membership, self, stage } = this.#init
    return (
      isSeatedIn(membership.current, self, stage) || isSeatedIn(membership.newest, self, stage) || this.#isCandidate
    )
  }

  /** It may have a seat elsewhere, which it keeps until it is admitted. */
  get #isCandidate(): boolean {
    const { membership, self, stage } = this.#init
    const { newest } = membership
    return newest.candidates.get(self) === stage && !isSeatedIn(newest, self, stage)
  }

  async #news(signal: AbortSignal): Promise<void> {
    const patience = new AbortController()
    const cancel = this.#init.clock.after(LOOK_MS, () => patience.abort())
    // The signal's end is seen by the loop.
    await this.#bell.wait(AbortSignal.any([signal, patience.signal])).catch(() => undefined)
    cancel()
  }

  async #catchUp(signal: AbortSignal): Promise<void> {
    const { catchUp, stageState, onOpen, clock } = this.#init
    for (let attempt = 0; attempt <= RETRIES; attempt++) {
      await catchUp.run(signal)
      onOpen(stageState.tip.round + 1)
      if (stageState.tip.round >= this.#certified) return
      await delay(clock, RETRY_MS, signal)
    }
    // Who said so cannot show it, or it is more than they keep: the next news starts anew.
    this.#certified = 0
  }

  /** Signs the OUTCOME of the newest round, where it was executed here, and sends it to the seats. */
  async #vouch(): Promise<void> {
    const { stageState, journal, onFollowed } = this.#init
    const { executed } = stageState
    if (executed === null || executed.tip.round <= this.#vouched) return
    const { round } = executed.tip
    this.#vouched = round
    if (journal.suspended !== null) await this.#resume(executed)
    // Once it is admitted there is nothing more to show.
    else onFollowed(round, this.#isCandidate && (await this.#send(executed)))
  }

  async #send({ verified }: Certified): Promise<boolean> {
    const { journal, show, warn } = this.#init
    // It was no part of the round, so it heard nobody in it.
    const outcome: Outcome = { ...verified.outcome, heard: new Uint8Array(verified.outcome.heard.length) }
    const signed = await journal.sign(outcome)
    if (isRefusal(signed)) {
      warn(`the journal does not sign an outcome: ${signed.detail ?? signed.refused}`)
      return false
    }
    show(signed)
    return true
  }

  /** It signs nothing; it may again, once a round was certified without it. */
  async #resume({ tip, verified }: Certified): Promise<void> {
    const { run, stage, keyWatch, membership } = this.#init
    // A seat that it had in the epoch of the round may be in another's hands.
    const group = membership.known(tip.epoch)?.groups[stage] ?? null
    await keyWatch.ended(verified, group, { run: run.id, stage, epoch: tip.epoch, round: tip.round + 1 })
  }
}

function isSeatedIn({ stageOf }: Roster, peer: PeerName, stage: number): boolean {
  return stageOf.get(peer) === stage
}
