/** Says on the chain which checkpoint of a lost stage this peer keeps (consensus/recovery, "Checkpoints"). */
import type { Chain } from '../../consensus/chain/types.ts'
import {
  claimsFrom,
  encodeCheckpoint,
  isPartOf,
  isUnderWay,
  type LeaseRules,
  type Posted,
  type Recovery,
  type StageLease,
} from '../../consensus/recovery/index.ts'
import type { KeptCheckpoints } from '../../protocols/state/index.ts'
import { decodeCertificate } from '../../protocols/wire/certificate.ts'
import type { Certificate, PeerName } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { RoundStore } from '../journal/index.ts'
import type { Run } from '../run/folder.ts'

export interface CheckpointPosterInit {
  readonly chain: Pick<Chain, 'postRecord'>
  readonly run: Run
  readonly self: PeerName
  readonly rules: LeaseRules
  readonly store: Pick<RoundStore, 'certificate' | 'newest'>
  /** What this peer keeps; null: nothing. */
  readonly kept: () => KeptCheckpoints | null
  /** How the stage was re-formed so far. */
  readonly recoveries: (stage: number) => readonly Recovery[]
  /** Last round of the run; null: none. A stage that has come to it renews nothing, and is not lost. */
  readonly untilRound: number | null
  /** This peer has a seat. */
  readonly isSeated: () => boolean
  readonly signal: AbortSignal
  readonly onWarning: (message: string) => void
}

export class CheckpointPoster {
  readonly #init: CheckpointPosterInit
  #isBusy = false
  #posted: Posted | null = null

  constructor(init: CheckpointPosterInit) {
    this.#init = init
  }

  /** What this head asks for. */
  at(height: number, leases: readonly StageLease[]): void {
    const { kept: find, rules, signal, isSeated, store, untilRound, onWarning } = this.#init
    const kept = find()
    const lease = kept === null ? undefined : leases[kept.stage]
    if (kept === null || lease === undefined || height < claimsFrom(lease, rules)) return
    if (untilRound !== null && (store.newest(kept.stage) ?? 0) >= untilRound) return
    if (this.#isBusy || signal.aborted || !isSeated()) return
    this.#isBusy = true
    this.#act(height, lease, kept)
      .catch(error => {
        if (!signal.aborted) onWarning(`the checkpoint of stage ${kept.stage} was not posted: ${String(error)}`)
      })
      .finally(() => {
        this.#isBusy = false
      })
  }

  async #act(height: number, lease: StageLease, kept: KeptCheckpoints): Promise<void> {
    const { chain, run, self, signal } = this.#init
    const certificate = await this.#newest(kept)
    if (certificate === null || lease.kept.get(self)?.round === certificate.value.scope.round) return
    const now = { height, lease: lease.renewedAt, what: `checkpoint ${certificate.value.scope.round}` }
    if (isUnderWay(this.#posted, now)) return
    this.#posted = now
    await chain.postRecord(run.id, encodeCheckpoint(certificate), { signal })
  }

  /** Of the newest that is part of the stage's history; null where none is. */
  async #newest({ stage, heads }: KeptCheckpoints): Promise<Certificate | null> {
    const recoveries = this.#init.recoveries(stage)
    for (const { round } of heads) {
      const encoded = await this.#init.store.certificate(stage, round)
      const certificate = encoded === null ? null : decodeCertificate(encoded)
      if (certificate === null || isRefusal(certificate)) continue
      if (isPartOf(certificate.value.scope, recoveries)) return certificate
    }
    return null
  }
}
