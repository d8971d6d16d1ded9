/** Answers siblings that speak of a round which is over here: with its certificate, now and then. */
import type { Agreement } from '../../protocols/agreement/index.ts'
import type { Clock, Digest } from '../../protocols/wire/environment.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import type { RoundStore } from '../journal/index.ts'

/** To one peer; it asks for what it lacks by itself once it knows. */
const INTERVAL_MS = 1_000

export interface LateAnswersInit {
  readonly stage: number
  readonly store: RoundStore
  readonly agreement: Agreement
  readonly digest: Digest
  readonly clock: Clock
}

export class LateAnswers {
  readonly #init: LateAnswersInit
  /** Bounded by the stage's seats: nobody else is admitted. */
  readonly #answeredMs = new Map<PeerName, number>()

  constructor(init: LateAnswersInit) {
    this.#init = init
  }

  async answer(to: PeerName, round: number): Promise<void> {
    const { clock, store, stage, agreement, digest } = this.#init
    const nowMs = clock.nowMs()
    if (nowMs - (this.#answeredMs.get(to) ?? Number.NEGATIVE_INFINITY) < INTERVAL_MS) return
    this.#answeredMs.set(to, nowMs)
    const certificate = await store.certificate(stage, round)
    if (certificate === null) return
    const partitions = await store.aggregates(round)
    const hashes =
      partitions === null || partitions === undefined ? null : await Promise.all(partitions.map(part => digest(part)))
    await agreement.sendCertificate(to, certificate, hashes)
  }
}
