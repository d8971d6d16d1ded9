/**
 * The arithmetic of a swarm without its processes and network: every replica of every stage is the product's own engine,
 * micro-batches walk their lanes, and a round does what `node/peer` makes of it, step by step: clip, accumulate, momentum,
 * commit, aggregate, optimise. What a peer computes does not depend on how its bytes travelled, so neither does the loss.
 */
import { type ClipState, clipFactor, createClip, endClipRound, observeNorm } from '../../../consensus/routing/index.ts'
import { type Batch, type Corpus, microBatch } from '../../../node/data/index.ts'
import { cutModel } from '../../../node/engine/partition/index.ts'
import { createInlineEngine, type StageEngine } from '../../../node/engine/runtime/index.ts'
import { normOf, scaled } from '../../../node/peer/tensors.ts'
import type { Manifest } from '../../../protocols/wire/manifest.ts'

export interface EmulationInit {
  readonly manifest: Manifest
  readonly corpus: Pick<Corpus, 'bytes'>
  /** What the first replica of each stage multiplies its commits with; 1: it is honest. */
  readonly lie: number
}

/** One replica: its engine, and its memory of the norms of gradients that came up to it. */
interface Replica {
  readonly engine: StageEngine
  clip: ClipState
}

export class EmulatedSwarm {
  readonly #init: EmulationInit
  /** By stage, then by lane. */
  readonly #stages: readonly (readonly Replica[])[]
  #round = 0

  private constructor(init: EmulationInit, stages: readonly (readonly Replica[])[]) {
    this.#init = init
    this.#stages = stages
  }

  static async create(init: EmulationInit): Promise<EmulatedSwarm> {
    const { manifest } = init
    const { stages, replicas, batch, optimizer } = manifest
    const made: Replica[][] = []
    for (const cut of cutModel(manifest.model, stages, batch.sequences)) {
      const stage: Replica[] = []
      for (let lane = 0; lane < replicas; lane++) {
        const engine = await createInlineEngine({ manifest, cut, replicas, threads: 1 })
        stage.push({ engine, clip: createClip(optimizer.backwardClip) })
      }
      made.push(stage)
    }
    return new EmulatedSwarm(init, made)
  }

  /**
   * One certified round.
   * @param counts micro-batches of each lane
   * @returns the mean training loss, nats a token
   */
  async round(counts: readonly number[]): Promise<number> {
    const round = ++this.#round
    await this.#everywhere(({ engine }) => engine.beginRound())
    let loss = 0
    for (const [lane, count] of counts.entries()) {
      for (let sequence = 0; sequence < count; sequence++) {
        loss += await this.#microBatch(lane, batchOf(this.#init, { round, lane, sequence }))
      }
    }
    for (const stage of this.#stages) await this.#step(stage, round, counts)
    return loss / counts.reduce((sum, count) => sum + count, 0)
  }

  /** Mean loss over batches, nats a token. */
  async evaluate(batches: readonly Batch[]): Promise<number> {
    let loss = 0
    for (const { tokens, targets } of batches) {
      let tensor = tokens
      for (const stage of this.#stages.slice(0, -1)) tensor = await stage[0]!.engine.forward(tensor)
      loss += await this.#last(0).engine.evaluate(tensor, targets)
    }
    return loss / batches.length
  }

  async dispose(): Promise<void> {
    await this.#everywhere(({ engine }) => engine.dispose())
  }

  /** Forward through the lane's replicas, loss at the head, and the gradients back up. */
  async #microBatch(lane: number, { tokens, targets }: Batch): Promise<number> {
    const inputs = [tokens]
    for (const stage of this.#stages.slice(0, -1)) inputs.push(await stage[lane]!.engine.forward(inputs.at(-1)!))
    const { loss, inputGradient } = await this.#last(lane).engine.head(inputs.at(-1)!, targets, 'lane')
    let gradient = inputGradient
    for (let index = this.#stages.length - 2; index >= 0 && gradient !== null; index--) {
      const replica = this.#stages[index]![lane]!
      gradient = await replica.engine.backward(inputs[index]!, this.#clipped(replica, gradient), 'lane')
    }
    return loss
  }

  async #step(stage: readonly Replica[], round: number, counts: readonly number[]): Promise<void> {
    const encoding = this.#init.manifest.encoding.gradient
    const commits: { bytes: Uint8Array; offsets: readonly number[] }[] = []
    for (const [lane, replica] of stage.entries()) {
      replica.clip = endClipRound(replica.clip)
      // A replica without a micro-batch is idle: it commits nothing.
      if (counts[lane] === 0) continue
      const { bytes, offsets } = await replica.engine.commit(counts[lane]!, false)
      commits.push({
        bytes: lane === 0 && this.#init.lie !== 1 ? scaled(bytes, this.#init.lie, encoding) : bytes,
        offsets,
      })
    }
    const aggregate: Uint8Array[] = []
    const first = stage[0]!.engine
    for (let partition = 0; partition < first.shape.partitions; partition++) {
      const inputs = commits.map(({ bytes, offsets }) => bytes.subarray(offsets[partition], offsets[partition + 1]))
      const combined = await first.aggregate(partition, inputs)
      if (combined === null) throw new Error(`round ${round}: partition ${partition} is out of bounds`)
      aggregate.push(combined)
    }
    for (const { engine } of stage) {
      const { accepted } = await engine.execute(round, aggregate, false)
      if (!accepted) throw new Error(`round ${round}: the step is not finite`)
      await engine.promote()
    }
  }

  #clipped(replica: Replica, gradient: Uint8Array): Uint8Array {
    const encoding = this.#init.manifest.encoding.activation
    const norm = normOf(gradient, encoding)
    replica.clip = observeNorm(replica.clip, norm)
    const factor = clipFactor(replica.clip, norm)
    return factor < 1 ? scaled(gradient, factor, encoding) : gradient
  }

  #last(lane: number): Replica {
    return this.#stages.at(-1)![lane]!
  }

  async #everywhere(task: (replica: Replica) => Promise<void>): Promise<void> {
    for (const stage of this.#stages) for (const replica of stage) await task(replica)
  }
}

/** The micro-batch that a lane's source draws; the control reads the same text. */
export function batchOf(
  { manifest, corpus }: Pick<EmulationInit, 'manifest' | 'corpus'>,
  { round, lane, sequence }: { readonly round: number; readonly lane: number; readonly sequence: number },
): Batch {
  const shape = { sequences: manifest.batch.sequences, sequence: manifest.model.sequence }
  const seed = { seed: manifest.seed, heldOut: manifest.corpus.heldOut }
  return microBatch(corpus, seed, { round, source: `lane ${lane}`, sequence }, shape)
}
