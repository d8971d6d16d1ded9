/** Renews the lease of the own stage, and claims what is left of it once it has run out (consensus/recovery). */
import type { Chain } from '../../consensus/chain/types.ts'
import {
  encodeClaim,
  encodeRenewal,
  isUnderWay,
  type LeaseRules,
  leaseDuty,
  type Posted,
  renewalDue,
  type StageLease,
} from '../../consensus/recovery/index.ts'
import type { Certificate, PeerName } from '../../protocols/wire/messages.ts'
import type { Run } from '../run/folder.ts'

export interface LeasePosterInit {
  readonly chain: Pick<Chain, 'postRecord'>
  readonly run: Run
  readonly stage: number
  readonly self: PeerName
  readonly rules: LeaseRules
  /** This peer has a seat, and the run goes on. */
  readonly isTakingPart: () => boolean
  /** The newest certified round of the own stage; null where there is none, or none since the stage was re-formed. */
  readonly newest: () => Promise<Certificate | null>
  /** The own state is that of what is final, or of a later round. */
  readonly isUpToDate: () => boolean
  /** Places before this peer among those that post for a round. */
  readonly rank: (round: number) => number
  /** The stage is to decide an empty round: nothing else shows that it lives. */
  readonly onIdle: () => void
  readonly signal: AbortSignal
  readonly onWarning: (message: string) => void
}

export class LeasePoster {
  readonly #init: LeasePosterInit
  #isBusy = false
  #posted: Posted | null = null

  constructor(init: LeasePosterInit) {
    this.#init = init
  }

  /** What this head asks for. */
  at(height: number, lease: StageLease): void {
    const { signal, onWarning, isTakingPart } = this.#init
    if (this.#isBusy || signal.aborted || !isTakingPart()) return
    this.#isBusy = true
    this.#act(height, lease)
      .catch(error => {
        if (!signal.aborted) onWarning(`the lease of stage ${this.#init.stage}: ${String(error)}`)
      })
      .finally(() => {
        this.#isBusy = false
      })
  }

  async #act(height: number, lease: StageLease): Promise<void> {
    const { rules, newest: find, onIdle, rank, stage, self, run } = this.#init
    if (height < renewalDue(lease, rules)) return
    const newest = await find()
    const holds = newest !== null || this.#init.isUpToDate()
    const view = { height, lease, self, newest: newest === null ? null : roundOf(newest), holds, rank }
    const duty = leaseDuty(view, rules)
    if (duty === 'idle') onIdle()
    if (duty === 'renew' && newest !== null) await this.#post(height, lease, 'renewal', encodeRenewal(newest))
    if (duty === 'claim') {
      const round = newest?.value.scope.round ?? 0
      const what = holds ? `claim ${round}` : 'claim without a state'
      await this.#post(height, lease, what, encodeClaim(run.id, { stage, holds, newest }))
    }
  }

  async #post(height: number, { renewedAt }: StageLease, what: string, record: Uint8Array): Promise<void> {
    const { chain, run, signal, onWarning } = this.#init
    const now = { height, lease: renewedAt, what }
    if (isUnderWay(this.#posted, now)) return
    this.#posted = now
    try {
      await chain.postRecord(run.id, record, { signal })
    } catch (error) {
      if (signal.aborted) return
      onWarning(`a ${what} was not posted: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

function roundOf({ value: { scope, reference } }: Certificate): {
  readonly round: number
  readonly epoch: number
  readonly referenceHeight: number
} {
  return { round: scope.round, epoch: scope.epoch, referenceHeight: reference.height }
}
