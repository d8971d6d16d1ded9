/** The leases of the stages as finalised blocks show them, head by head (consensus/recovery), and what is told of it. */
import {
  type LeaseRules,
  type Recovery,
  type StageLease,
  votesUntil,
  waitsUntil,
} from '../../consensus/recovery/index.ts'
import type { EventBus } from '../events/bus.ts'
import type { Membership } from './membership.ts'

export interface LeaseWatchInit {
  readonly membership: Membership
  /** The own one. */
  readonly stage: number
  readonly bus: EventBus
  readonly signal: AbortSignal
  /** The next head was taken in. */
  readonly onRead: (height: number, lease: StageLease, leases: readonly StageLease[]) => void
  readonly onWarning: (message: string) => void
}

/** What of a stage was told last. */
interface Told {
  readonly openedAt: number | null
  readonly untilHeight: number | null
  readonly needs: number
}

export class LeaseWatch {
  readonly #init: LeaseWatchInit
  #leases: readonly StageLease[] = []
  /** The epoch whose ledger the leases go on from, and the last height that was taken in. */
  #epoch = -1
  #height = -1
  #wanted = -1
  #isReading = false
  #wasHeld: boolean | null = null
  readonly #told = new Map<number, Told>()

  constructor(init: LeaseWatchInit) {
    this.#init = init
  }

  /** False while the stage's lease has run out, and before it is known. */
  get mayVote(): boolean {
    const lease = this.#leases[this.#init.stage]
    return lease !== undefined && this.#height <= votesUntil(lease, this.#rules)
  }

  /** A head is final. One reading at a time; it goes on to the newest. */
  at(height: number): void {
    this.#wanted = Math.max(this.#wanted, height)
    if (this.#isReading) return
    this.#isReading = true
    const { signal, onWarning } = this.#init
    this.#read()
      .catch(error => (signal.aborted ? undefined : onWarning(`leases could not be read: ${String(error)}`)))
      .finally(() => {
        this.#isReading = false
      })
  }

  get #rules(): LeaseRules {
    return this.#init.membership.leaseRules
  }

  async #read(): Promise<void> {
    const { membership, stage, signal, onRead } = this.#init
    while (this.#wanted > this.#height && !signal.aborted) {
      const height = this.#wanted
      await membership.foresee(height, signal)
      const { newest } = membership
      if (newest.epoch !== this.#epoch) {
        this.#epoch = newest.epoch
        this.#leases = membership.ledger.leases
        this.#leases = await membership.noted(this.#leases, membership.beaconHeightOf(newest.epoch), height, signal)
      } else this.#leases = await membership.noted(this.#leases, this.#height, height, signal)
      this.#height = height
      this.#tell()
      const own = this.#leases[stage]
      if (own !== undefined) onRead(height, own, this.#leases)
    }
  }

  #tell(): void {
    const { stage, bus, membership } = this.#init
    const own = this.#leases[stage]
    if (own !== undefined && this.mayVote !== this.#wasHeld) {
      // That it is held from the start is no news.
      if (this.#wasHeld !== null || !this.mayVote)
        bus.emit('lease', { stage, isHeld: this.mayVote, untilHeight: votesUntil(own, this.#rules) })
      this.#wasHeld = this.mayVote
    }
    for (const [of, lease] of this.#leases.entries()) {
      const untilHeight = waitsUntil(lease, this.#rules)
      const needs = membership.ledger.shortages.find(shortage => shortage.stage === of)?.needs ?? 0
      const told = this.#told.get(of)
      if (untilHeight !== null) {
        if (told?.untilHeight !== untilHeight || told.needs !== needs)
          bus.emit('stage.lost', { stage: of, untilHeight, needs })
      } else if (told?.openedAt !== null && told !== undefined) this.#tellFound(of, lease, told.openedAt)
      this.#told.set(of, { openedAt: lease.openedAt, untilHeight, needs })
    }
  }

  /** It goes on: by the recovery that its claims led to, or because a renewal voided them. */
  #tellFound(stage: number, { final }: StageLease, openedAt: number): void {
    const { membership, bus } = this.#init
    const recovery: Recovery | undefined = membership.recoveries(stage).at(-1)
    if (recovery === undefined || membership.beaconHeightOf(recovery.epoch) < openedAt) {
      bus.emit('stage.kept', { stage, round: final.round })
      return
    }
    const { base, resume, seats, keepers } = recovery
    const by = keepers.length === 0 ? 'claims' : 'checkpoint'
    bus.emit('stage.recovered', { stage, base: base.round, by, resume, seats })
  }
}
