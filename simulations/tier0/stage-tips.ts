import type { OtherStages } from '../../node/peer/other-stages.ts'

/** How far every stage is known to be certified: counted as it comes, so that asking costs nothing with hundreds of stages. */
export class StageTips {
  readonly #newest: Int32Array
  /** Of each round: stages that have certified it. */
  readonly #reached = new Map<number, number>()

  constructor(stages: number) {
    this.#newest = new Int32Array(stages)
  }

  newest(stage: number): number {
    return this.#newest[stage] ?? 0
  }

  /** True where it is news. */
  note(stage: number, round: number): boolean {
    const before = this.newest(stage)
    if (round <= before) return false
    this.#newest[stage] = round
    for (let at = before + 1; at <= round; at++) this.#reached.set(at, (this.#reached.get(at) ?? 0) + 1)
    return true
  }

  /** How far the stages but `own` are. */
  besides(own: number): Omit<OtherStages, 'isPassedOver'> {
    const reached = (round: number): number => (this.#reached.get(round) ?? 0) - (this.newest(own) >= round ? 1 : 0)
    return {
      othersReached: round => round <= 0 || reached(round) >= this.#newest.length - 1,
      someReached: round => reached(round) > 0,
    }
  }
}
