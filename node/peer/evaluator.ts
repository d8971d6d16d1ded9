/** Measures the held-out loss with the certified state, and answers for its stage when others do. */
import type { Evaluation, EvaluationHeader } from '../../protocols/evaluation/index.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import { type Batch, type Corpus, heldOutBatches } from '../data/index.ts'
import type { StageEngine } from '../engine/runtime/types.ts'
import type { Run } from '../run/folder.ts'

const MICRONATS = 1e6
/** Batches of a measurement in passing, and of the last one. */
export const PASSING_BATCHES = 4
export const FINAL_BATCHES = 16
/** Rounds between two measurements. */
const EVERY_ROUNDS = 10

export interface EvaluatorInit {
  readonly run: Run
  readonly stage: number
  readonly corpus: Corpus
  readonly engine: StageEngine
  /** Peers of the next stage, those to ask first. */
  readonly nextStage: () => readonly PeerName[]
  /** The round whose state the engine holds. */
  readonly round: () => number
  /** Resolves when `round` may have changed; rejects when the signal fires. */
  readonly nextRound: (signal: AbortSignal) => Promise<void>
}

/** Is this round measured, by whoever is drawn for it? */
export function isMeasured(round: number, untilRound: number | null): boolean {
  return round === 1 || round % EVERY_ROUNDS === 0 || round === untilRound
}

export class Evaluator {
  readonly #init: EvaluatorInit
  readonly #batches = new Map<number, readonly Batch[]>()
  #service: Evaluation | null = null

  constructor(init: EvaluatorInit) {
    this.#init = init
  }

  /** The protocol through which later stages are asked. */
  connect(service: Evaluation): void {
    this.#service = service
  }

  /** Mean loss in nats a token over `count` batches; null where the stages after this one did not answer. */
  async measure(round: number, count: number, signal: AbortSignal): Promise<number | null> {
    let sum = 0
    for (let index = 0; index < count; index++) {
      const { tokens } = this.#batch(index, count)
      const loss = await this.#loss({ round, index, count }, tokens, signal)
      if (isRefusal(loss)) return null
      sum += loss
    }
    return sum / count / MICRONATS
  }

  /** The answer to the stage before; waits for its round, refuses where that is over. */
  async answer(header: EvaluationHeader, activation: Uint8Array, signal: AbortSignal): Promise<number | Refusal> {
    while (this.#init.round() < header.round) {
      signal.throwIfAborted()
      await this.#init.nextRound(signal)
    }
    return this.#loss(header, activation, signal)
  }

  async #loss(
    header: Pick<EvaluationHeader, 'round' | 'index' | 'count'>,
    input: Uint8Array,
    signal: AbortSignal,
  ): Promise<number | Refusal> {
    const { engine, run, stage, round } = this.#init
    if (round() !== header.round) return refuse('stale-round', `round ${round()}`)
    if (stage === run.manifest.stages - 1) {
      const { targets } = this.#batch(header.index, header.count)
      return Math.round((await engine.evaluate(input, targets, { signal })) * MICRONATS)
    }
    return this.#ask(header, await engine.forward(input, { signal }), signal)
  }

  async #ask(
    header: Pick<EvaluationHeader, 'round' | 'index' | 'count'>,
    activation: Uint8Array,
    signal: AbortSignal,
  ): Promise<number | Refusal> {
    let last: Refusal = refuse('unreachable', 'nobody to ask')
    for (const peer of this.#service === null ? [] : this.#init.nextStage()) {
      const loss = await this.#service!.ask(peer, header, activation, { signal })
      if (!isRefusal(loss)) return loss
      last = loss
    }
    return last
  }

  #batch(index: number, count: number): Batch {
    const { corpus, run } = this.#init
    const { model, batch, corpus: text } = run.manifest
    const shape = { sequences: batch.sequences, sequence: model.sequence }
    let batches = this.#batches.get(count)
    if (batches === undefined) {
      // A few kilobytes a batch; only the two sizes that this version asks for are kept.
      batches = heldOutBatches(corpus, count, shape, text.heldOut)
      if (count === PASSING_BATCHES || count === FINAL_BATCHES) this.#batches.set(count, batches)
    }
    return batches[index]!
  }
}
