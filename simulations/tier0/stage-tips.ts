import type { OtherStages } from '../../node/peer/other-stages.ts'
import type { KnownStages } from '../../node/peer/watchdog.ts'

/**
 * How far every stage is known to be certified, by every peer, and what in a peer's round may hang on it: in columns, those of
 * a stage's peers beside each other. With hundreds of stages a certificate comes to thousands of peers, for most of whom it
 * only moves a number; going to each of them for it was a quarter of a big swarm's time.
 */
export class TipTable {
  readonly stages: number
  readonly #slots: number
  /** By stage, then slot. */
  readonly #newest: Int32Array
  /** Of each round, by slot: stages that have certified it. */
  readonly #reached = new Map<number, Int32Array>()
  /** By slot: the round in progress, and the one in which nothing more is to be heard of other stages. */
  readonly #rounds: Int32Array
  readonly #deaf: Int32Array
  /** By slot: 1 where a process runs that takes what comes at once. */
  readonly #isListening: Uint8Array

  constructor(stages: number, slots: number) {
    this.stages = stages
    this.#slots = slots
    this.#newest = new Int32Array(stages * slots)
    this.#rounds = new Int32Array(slots)
    this.#deaf = new Int32Array(slots)
    this.#isListening = new Uint8Array(slots)
  }

  newest(slot: number, stage: number): number {
    return this.#newest[stage * this.#slots + slot] ?? 0
  }

  /** Stages that have certified this round, or a later one. */
  reached(slot: number, round: number): number {
    return this.#reached.get(round)?.[slot] ?? 0
  }

  /** True where it is news. */
  note(slot: number, stage: number, round: number): boolean {
    const before = this.newest(slot, stage)
    if (round <= before) return false
    this.#newest[stage * this.#slots + slot] = round
    for (let at = before + 1; at <= round; at++) this.#column(at)[slot]!++
    return true
  }

  forget(slot: number): void {
    for (let stage = 0; stage < this.stages; stage++) this.#newest[stage * this.#slots + slot] = 0
    for (const column of this.#reached.values()) column[slot] = 0
  }

  listens(slot: number, isListening: boolean): void {
    this.#isListening[slot] = isListening ? 1 : 0
  }

  isListening(slot: number): boolean {
    return this.#isListening[slot] === 1
  }

  /** A round begins. */
  begins(slot: number, round: number): void {
    this.#rounds[slot] = round
    this.#deaf[slot] = 0
  }

  /** Whatever other stages do, this round hears nothing new of it. */
  isDeaf(slot: number, round: number): void {
    this.#deaf[slot] = round
  }

  /** Has what is known of the other stages anything to say to the round in progress? */
  concerns(slot: number, own: number): boolean {
    const round = this.#rounds[slot]!
    if (this.#deaf[slot] === round) return false
    return this.othersReached(slot, own, round - 1) || this.someReached(slot, own, round)
  }

  othersReached(slot: number, own: number, round: number): boolean {
    return round <= 0 || this.countOthers(slot, own, round) >= this.stages - 1
  }

  someReached(slot: number, own: number, round: number): boolean {
    return this.countOthers(slot, own, round) > 0
  }

  /** Of the stages but `own`, those that have certified this round, which is one that somebody can certify. */
  countOthers(slot: number, own: number, round: number): number {
    return this.reached(slot, round) - (this.newest(slot, own) >= round ? 1 : 0)
  }

  #column(round: number): Int32Array {
    const known = this.#reached.get(round)
    if (known !== undefined) return known
    const fresh = new Int32Array(this.#slots)
    this.#reached.set(round, fresh)
    return fresh
  }
}

/** One peer's part of the table. */
export class StageTips {
  readonly #table: TipTable
  readonly #slot: number

  constructor(table: TipTable, slot: number) {
    this.#table = table
    this.#slot = slot
  }

  newest(stage: number): number {
    return this.#table.newest(this.#slot, stage)
  }

  /** True where it is news. */
  note(stage: number, round: number): boolean {
    return this.#table.note(this.#slot, stage, round)
  }

  forget(): void {
    this.#table.forget(this.#slot)
  }

  listens(isListening: boolean): void {
    this.#table.listens(this.#slot, isListening)
  }

  begins(round: number): void {
    this.#table.begins(this.#slot, round)
  }

  isDeaf(round: number): void {
    this.#table.isDeaf(this.#slot, round)
  }

  /** The stages but `own`, for the watchdog: those that have come to a round are counted, as it looks every few seconds. */
  known(own: number): KnownStages {
    return {
      newest: stage => this.newest(stage),
      countReached: round => (round <= 0 ? this.#table.stages - 1 : this.#table.countOthers(this.#slot, own, round)),
    }
  }

  /** How far the stages but `own` are. */
  besides(own: number): Omit<OtherStages, 'isPassedOver'> {
    return {
      othersReached: round => this.#table.othersReached(this.#slot, own, round),
      someReached: round => this.#table.someReached(this.#slot, own, round),
    }
  }
}
