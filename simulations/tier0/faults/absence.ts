/** Each round an independent share of a stage's seats is away: who, is drawn when a quorum has opened the round. */
import { faultsOf } from '../../../node/run/defaults.ts'
import type { LinkRule } from '../../kernel/network.ts'
import type { FaultStart, StruckWorld } from './types.ts'

export const absent: FaultStart = struck => {
  const stages = new Map(
    struck.world.stages.map((seats, stage) => [stage, new StageAbsence(struck, stage, faultsOf(seats.length))]),
  )
  let isOver = false
  struck.world.recorder.listen(event => {
    if (!isOver && event.type === 'round.opened') stages.get(event.stage)?.opened(event.peer, event.round)
  })
  return () => {
    isOver = true
    for (const stage of stages.values()) stage.end()
  }
}

class StageAbsence {
  readonly #struck: StruckWorld
  readonly #stage: number
  readonly #faults: number
  readonly #openers = new Set<number>()
  #rules: readonly LinkRule[] = []
  /** Newest round that a peer has opened. */
  #round = 0
  #drawnRound = 0
  #isOver = false

  constructor(struck: StruckWorld, stage: number, faults: number) {
    this.#struck = struck
    this.#stage = stage
    this.#faults = faults
  }

  opened(peer: number, round: number): void {
    if (round < this.#round) return
    if (round > this.#round) this.#openers.clear()
    this.#round = round
    this.#openers.add(peer)
    const seats = this.#struck.world.stages[this.#stage]?.length ?? 0
    if (this.#drawnRound === round || this.#openers.size < seats - this.#faults) return
    this.#drawnRound = round
    // After all others have read the event.
    this.#struck.world.time.after(0, () => this.#draw(round))
  }

  end(): void {
    this.#isOver = true
    this.#cut([])
  }

  /** Where too many are away for a round to be decided, others are drawn after a while. */
  #draw(round: number): void {
    if (this.#isOver || this.#drawnRound !== round) return
    const { world, peers, random, number } = this.#struck
    const away = peers
      .filter(peer => peer.isPlaced && peer.stage === this.#stage)
      .flatMap(({ index }) => (random.chance(number('share')) ? [index] : []))
    this.#cut(away)
    world.recorder.emit({ type: 'absent', atMs: world.time.nowMs, stage: this.#stage, round, peers: away })
    if (away.length > this.#faults) world.time.after(number('againMs'), () => this.#draw(round))
  }

  #cut(away: readonly number[]): void {
    const { network } = this.#struck.world
    for (const rule of this.#rules) network.remove(rule)
    const peers = new Set(away)
    const common = { isCut: () => true, random: this.#struck.random }
    this.#rules = [
      { from: peers, to: null, ...common },
      { from: null, to: peers, ...common },
    ]
    if (away.length > 0) for (const rule of this.#rules) network.add(rule)
  }
}
