/** Which epoch a running peer is in, and who sits there. The network asks as soon as it is up, before there are any rounds. */
import type { Group } from '../../consensus/election/index.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { Around } from './around.ts'
import type { Membership } from './membership.ts'
import type { StageState } from './stage-state.ts'

export interface StandingInit {
  readonly self: PeerName
  readonly stage: number
  readonly stages: number
  readonly membership: Membership
  readonly stageState: Pick<StageState, 'tip'>
}

export class Standing {
  readonly around: Around
  readonly #init: StandingInit
  /** Epoch of the round in progress; null before the first. */
  inRound: () => number | null = () => null

  constructor(init: StandingInit) {
    this.#init = init
    this.around = new Around(init.membership, init.stages, () => this.epoch)
  }

  /** Of the round in progress, or the next. */
  get epoch(): number {
    const { membership, stageState } = this.#init
    return this.inRound() ?? membership.epochOf(stageState.tip.reference.height)
  }

  /** Before the first round, who sits there now counts: those of the own disk's last epoch may be gone. */
  groupOf(stage: number): Group | null {
    const { membership } = this.#init
    return membership.known(this.inRound() ?? membership.current.epoch)?.groups[stage] ?? null
  }

  seats(stage: number): readonly PeerName[] {
    return this.groupOf(stage)?.seats.map(({ peer }) => peer) ?? []
  }

  /** Seats of the own stage that a round needs; null where this peer has none itself. */
  get quorum(): number | null {
    const { self, stage } = this.#init
    return this.seats(stage).includes(self) ? (this.groupOf(stage)?.quorum ?? null) : null
  }
}
