/**
 * A peer that was asked to pause (consensus/membership, "Pauses"): it hands its work over, tells its siblings in every round
 * until they have decided that its seat stays, and ends with that round. Within bounds, and at once where nobody goes on.
 */
import { changesFault, pauseEnds } from '../../consensus/membership/index.ts'
import type { RoundContext } from '../../consensus/round/types.ts'
import type { Clock } from '../../protocols/wire/environment.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import type { Membership } from './membership.ts'
import type { Reporter } from './reporter.ts'
import type { RoundRun } from './round-run.ts'
import type { StageState } from './stage-state.ts'
import type { Wishes } from './wishes.ts'

/** Between being asked and ending, whatever becomes of the rounds, ms. */
const PATIENCE_MS = 60_000
/** Rounds in which it is announced. The first one usually decides it; where rounds take less than a message, some more do. */
const ROUNDS_MAX = 8

export interface PausingInit {
  readonly self: PeerName
  readonly clock: Clock
  readonly stageState: Pick<StageState, 'tip'>
  readonly membership: Pick<Membership, 'startOf'>
  readonly wishes: Pick<Wishes, 'pausing'>
  readonly reporter: Pick<Reporter, 'pausing' | 'paused'>
  /** Are as many siblings connected as a round needs? */
  readonly canGoOn: () => boolean
}

type RoundInProgress = Pick<RoundRun, 'round' | 'context' | 'pause'>

export class Pausing {
  readonly #init: PausingInit
  readonly #over = Promise.withResolvers<'paused'>()
  /** Rounds that ended since it was asked; null: it was not. */
  #rounds: number | null = null
  #roundsMax = ROUNDS_MAX
  /** It was asked between two rounds. */
  #isDue = false

  constructor(init: PausingInit) {
    this.#init = init
  }

  get isAsked(): boolean {
    return this.#isDue || this.#rounds !== null
  }

  /** Resolves when there is nothing more to wait for. */
  get over(): Promise<'paused'> {
    return this.#over.promise
  }

  /** Asked between two rounds: siblings can be told in the next one only. */
  beginWithNext(): void {
    this.#isDue = true
    this.#bound()
  }

  /** @param run - the round that was opened; null: there is none any more */
  opened(run: RoundInProgress | null): void {
    if (this.#isDue) this.begin(run?.context.self === null ? null : run)
    else if (this.isAsked) run?.pause()
  }

  /** @param run - the round in progress; null where this peer takes part in none that could be waited for */
  begin(run: RoundInProgress | null): void {
    const { reporter, self } = this.#init
    this.#isDue = false
    this.#rounds = 0
    if (run === null) {
      this.#over.resolve('paused')
      return
    }
    // Where no value may carry it, only what was done is brought to an end.
    if (changesFault(run.context, [{ peer: self, act: 'pause' }]) !== null) this.#roundsMax = 1
    this.#bound()
    reporter.pausing(self, run.round)
    run.pause()
  }

  /** Where more seats pause than the stage can do without, or too few are there, no round ends any more. */
  look({ scope, group }: RoundContext): void {
    const { wishes, canGoOn } = this.#init
    if (!this.isAsked) return
    if (wishes.pausing(scope.epoch) > group.faults || !canGoOn()) this.#over.resolve('paused')
  }

  /** A round was certified here, or this peer has caught up to it. */
  roundEnded(): void {
    if (this.#rounds === null) return
    this.#rounds++
    if (this.#isDecided || this.#rounds >= this.#roundsMax) this.#over.resolve('paused')
  }

  tell(): void {
    const { stageState, membership, reporter, self } = this.#init
    const { round, epoch } = stageState.tip
    reporter.paused(self, round, this.#isDecided ? membership.startOf(pauseEnds(epoch)) : null)
  }

  #bound(): void {
    this.#init.clock.after(PATIENCE_MS, () => this.#over.resolve('paused'))
  }

  get #isDecided(): boolean {
    const { stageState, self } = this.#init
    return stageState.tip.decided.some(({ peer, act }) => act === 'pause' && peer === self)
  }
}
