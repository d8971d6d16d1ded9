/** Renews the lease of the own stage, and claims what is left of it once it has run out (consensus/recovery). */
import type { Chain } from '../../consensus/chain/types.ts'
import {
  claimsFrom,
  encodeClaim,
  encodeRenewal,
  type LeaseRules,
  renewalDue,
  renews,
  type StageLease,
  votesUntil,
} from '../../consensus/recovery/index.ts'
import type { Certificate, PeerName } from '../../protocols/wire/messages.ts'
import type { Run } from '../run/folder.ts'

/** Blocks for a record to be in a final block; then it is posted again. */
const PATIENCE_BLOCKS = 6
/** Blocks that the next in rank waits for those before it: so many of them fit a lease. */
const RANKS_A_LEASE = 32
const MIN_RANK_BLOCKS = 2

export interface LeasePosterInit {
  readonly chain: Pick<Chain, 'postRecord'>
  readonly run: Run
  readonly stage: number
  readonly self: PeerName
  readonly rules: LeaseRules
  /** This peer has a seat, and the run goes on. */
  readonly isTakingPart: () => boolean
  /** The newest certified round of the own stage; null where there is none. */
  readonly newest: () => Promise<Certificate | null>
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
  /** Height at which something was posted last, and the lease that it was for. */
  #posted: { readonly height: number; readonly lease: number; readonly what: string } | null = null

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
    const { rules, newest, onIdle, rank, stage, self, run } = this.#init
    if (height < renewalDue(lease, rules)) return
    const certificate = await newest()
    const isRenewal = certificate !== null && renewsBy(lease, certificate)
    if (isRenewal) {
      const { round } = certificate.value.scope
      const due = renewalDue(lease, rules) + rank(round) * rankBlocks(rules)
      if (height >= due) await this.#post(height, lease, 'renewal', encodeRenewal(certificate))
    } else if (height <= votesUntil(lease, rules)) {
      if (height >= idleFrom(lease, rules)) onIdle()
    } else if (height >= claimsFrom(lease, rules)) {
      const claimed = lease.claims.get(self)
      const round = certificate?.value.scope.round ?? 0
      if (claimed !== undefined && (claimed.newest?.round ?? 0) >= round) return
      await this.#post(
        height,
        lease,
        `claim ${round}`,
        encodeClaim(run.id, { stage, holds: true, newest: certificate }),
      )
    }
  }

  async #post(height: number, { renewedAt }: StageLease, what: string, record: Uint8Array): Promise<void> {
    const { chain, run, signal, onWarning } = this.#init
    const last = this.#posted
    const isSame = last !== null && last.lease === renewedAt && last.what === what
    if (isSame && height < last.height + PATIENCE_BLOCKS) return
    this.#posted = { height, lease: renewedAt, what }
    try {
      await chain.postRecord(run.id, record, { signal })
    } catch (error) {
      if (signal.aborted) return
      onWarning(`a ${what} was not posted: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

/** Three quarters of the lease are used: rounds that take long had their time. */
function idleFrom({ renewedAt }: StageLease, { leaseBlocks }: LeaseRules): number {
  return renewedAt + Math.ceil((3 * leaseBlocks) / 4)
}

function rankBlocks({ leaseBlocks }: LeaseRules): number {
  return Math.max(MIN_RANK_BLOCKS, Math.floor(leaseBlocks / RANKS_A_LEASE))
}

function renewsBy(lease: StageLease, { value }: Certificate): boolean {
  const { scope, reference } = value
  return renews(lease, { round: scope.round, epoch: scope.epoch, referenceHeight: reference.height })
}
