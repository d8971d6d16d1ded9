/**
 * Keeps checkpoints of the stage before the own one, for the day on which nobody there has its state any more
 * (consensus/recovery, "Checkpoints"). Nothing waits for it: one at a time, at a pace of its own, when the round whose state
 * it is was two rounds ago, so that its stage is not asked for what it is just writing.
 */
import { keepersOf } from '../../consensus/recovery/index.ts'
import type { KeptCheckpoints, State } from '../../protocols/state/index.ts'
import type { VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import type { Hash, PeerName } from '../../protocols/wire/messages.ts'
import type { Checkpoints } from '../journal/index.ts'
import type { Run } from '../run/folder.ts'
import type { Membership } from './membership.ts'

/** Rounds after which the snapshots of a round are on the disks of its stage: a round's writes are waited for by the one after the next. */
const WRITTEN_ROUNDS = 2

export interface KeeperInit {
  readonly run: Run
  readonly self: PeerName
  /** Where it sits. */
  readonly stage: number
  readonly checkpoints: Checkpoints
  /** Length of that stage's state. */
  readonly stateBytes: number
  readonly membership: Pick<Membership, 'known'>
  readonly state: Pick<State, 'snapshot'>
  /** Seats of the kept stage that are connected. */
  readonly sources: () => readonly PeerName[]
  readonly bytesPerSecond: number
  readonly onKept: (round: number, bytes: number) => void
  readonly onWarning: (message: string) => void
}

/** A certified round that this peer was drawn to keep. */
interface Wanted {
  readonly round: number
  readonly state: Hash
  readonly fullRoot: Hash
}

export class Keeper {
  readonly #init: KeeperInit
  readonly #stop = new AbortController()
  #wanted: Wanted | null = null
  #running: Promise<void> | null = null

  constructor(init: KeeperInit) {
    this.#init = init
  }

  /** What it has, for who asks. */
  get kept(): KeptCheckpoints {
    return this.#init.checkpoints
  }

  /** A stage has certified a round. */
  certified(stage: number, { value, outcome }: VerifiedCertificate): void {
    const { checkpoints } = this.#init
    if (stage !== checkpoints.stage) return
    const { round, epoch } = value.scope
    const newest = Math.max(this.#wanted?.round ?? 0, checkpoints.heads[0]?.round ?? 0)
    if (outcome.fullRoot !== null && round > newest && this.#isDrawn(round, epoch))
      this.#wanted = { round, state: outcome.state, fullRoot: outcome.fullRoot }
    if (this.#wanted !== null && round >= this.#wanted.round + WRITTEN_ROUNDS) this.#begin()
  }

  /** Resolves once what is being fetched is there, or given up. */
  get idle(): Promise<void> {
    return this.#running ?? Promise.resolve()
  }

  async end(): Promise<void> {
    this.#stop.abort(new Error('this place is given up'))
    await this.idle
  }

  #isDrawn(round: number, epoch: number): boolean {
    const { membership, checkpoints, run, stage, self } = this.#init
    const known = membership.known(epoch)
    const group = known?.groups[stage]
    if (known === null || group === undefined) return false
    return keepersOf({ beacon: known.beacon, run: run.id, stage: checkpoints.stage, round }, group).includes(self)
  }

  #begin(): void {
    const { onWarning } = this.#init
    if (this.#running !== null || this.#stop.signal.aborted) return
    this.#running = this.#fetch()
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted) onWarning(`keeping a checkpoint: ${String(error)}`)
      })
      .finally(() => {
        this.#running = null
      })
  }

  /** One that its stage does not hold any more is passed over: the next is. */
  async #fetch(): Promise<void> {
    const { checkpoints, state, sources, stateBytes, bytesPerSecond, onKept } = this.#init
    const { signal } = this.#stop
    const wanted = this.#wanted
    if (wanted === null) return
    const { round, fullRoot } = wanted
    // Whoever asks has the link from an anchor; this peer does not follow that stage's chain of certificates.
    const sink = await checkpoints.incoming({ ...wanted, link: new Uint8Array(fullRoot.length) })
    try {
      const target = { stage: checkpoints.stage, round, fullRoot, bytes: stateBytes }
      const refusal = await state.snapshot(sources(), target, sink, { signal, bytesPerSecond })
      if (signal.aborted) return
      if (this.#wanted === wanted) this.#wanted = null
      if (refusal !== null) {
        await checkpoints.drop(sink)
        return
      }
      await checkpoints.take(round, sink)
      onKept(round, stateBytes)
    } finally {
      await sink.close()
    }
  }
}
