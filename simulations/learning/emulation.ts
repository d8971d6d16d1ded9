/**
 * The arithmetic of a swarm without its processes and network: every replica of every stage is the product's own engine,
 * micro-batches walk their lanes, and a round does what `node/peer` makes of it, step by step: clip, accumulate, momentum,
 * commit, check at the door, aggregate, optimise. What a peer computes does not depend on how its bytes travelled, so neither
 * does the loss.
 */
import { type ClipState, clipFactor, createClip, endClipRound, observeNorm } from '../../consensus/routing/index.ts'
import type { Batch } from '../../node/data/index.ts'
import { cutModel } from '../../node/engine/partition/index.ts'
import { createInlineEngine, type StageEngine } from '../../node/engine/runtime/index.ts'
import { normOf, scaled } from '../../node/peer/tensors.ts'
import { codecOf } from '../../protocols/wire/encodings.ts'
import type { Manifest } from '../../protocols/wire/manifest.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { Conspiracy } from './conspiracy.ts'
import type { BatchSource } from './data.ts'
import { bytesOf, floatsOf } from './floats.ts'

export interface Training {
  readonly batches: BatchSource
  /** Who lies, and how; null: all are honest. */
  readonly conspiracy: Conspiracy | null
}

/** What a round came to. */
export interface RoundReport {
  /** Mean training loss, nats a token, over the micro-batches of honest lanes. */
  readonly loss: number
  /** Commits that the door refused, over all stages. */
  readonly refused: number
}

/** One replica: its engine, and its memory of the norms of gradients that came up to it. */
interface Replica {
  readonly engine: StageEngine
  clip: ClipState
}

interface Stage {
  readonly index: number
  /** By lane. */
  readonly replicas: readonly Replica[]
  /** As made from the manifest's seed. */
  readonly initial: Uint8Array
  previousAggregate: Float32Array | null
}

interface Commit {
  readonly lane: number
  readonly bytes: Uint8Array
  readonly offsets: readonly number[]
}

export class EmulatedSwarm {
  readonly #manifest: Manifest
  readonly #stages: readonly Stage[]
  #training: Training
  #round = 0

  private constructor(manifest: Manifest, stages: readonly Stage[], training: Training) {
    this.#manifest = manifest
    this.#stages = stages
    this.#training = training
  }

  static async create(manifest: Manifest, training: Training): Promise<EmulatedSwarm> {
    const { stages, replicas, batch, optimizer } = manifest
    const made: Stage[] = []
    for (const cut of cutModel(manifest.model, stages, batch.sequences)) {
      const stage: Replica[] = []
      for (let lane = 0; lane < replicas; lane++) {
        const engine = await createInlineEngine({ manifest, cut, replicas, threads: 1 })
        stage.push({ engine, clip: createClip(optimizer.backwardClip) })
      }
      const initial = await stage[0]!.engine.exportState()
      made.push({ index: cut.index, replicas: stage, initial, previousAggregate: null })
    }
    return new EmulatedSwarm(manifest, made, training)
  }

  /** State of every stage as it was created: with the manifest's seed, before any round. */
  get initialState(): readonly Uint8Array[] {
    return this.#stages.map(({ initial }) => initial)
  }

  /** Begins anew with the engines that are there, which takes long to make. @param from a state of each stage */
  async restart(training: Training, from: readonly Uint8Array[] = this.initialState): Promise<void> {
    this.#training = training
    this.#round = 0
    for (const stage of this.#stages) {
      stage.previousAggregate = null
      for (const replica of stage.replicas) {
        // The state ends with the last aggregate, zeros at the start, and momenta become equal to it.
        await replica.engine.importState(from[stage.index]!)
        replica.clip = createClip(this.#manifest.optimizer.backwardClip)
      }
    }
  }

  /**
   * One certified round.
   * @param counts micro-batches of each lane
   */
  async round(counts: readonly number[]): Promise<RoundReport> {
    const round = ++this.#round
    await this.#everywhere(({ engine }) => engine.beginRound())
    let loss = 0
    let heard = 0
    for (const [lane, count] of counts.entries()) {
      const honest = this.#training.conspiracy?.lies(lane) !== true
      for (let sequence = 0; sequence < count; sequence++) {
        const own = await this.#microBatch(lane, this.#batch(round, lane, sequence))
        loss += honest ? own : 0
        heard += honest ? 1 : 0
      }
    }
    let refused = 0
    for (const stage of this.#stages) refused += await this.#step(stage, round, counts)
    return { loss: loss / heard, refused }
  }

  /** Mean loss over batches, nats a token. */
  async evaluate(batches: readonly Batch[]): Promise<number> {
    let loss = 0
    for (const { tokens, targets } of batches) {
      let tensor = tokens
      for (const { replicas } of this.#stages.slice(0, -1)) tensor = await replicas[0]!.engine.forward(tensor)
      loss += await this.#last(0).engine.evaluate(tensor, targets)
    }
    return loss / batches.length
  }

  async dispose(): Promise<void> {
    await this.#everywhere(({ engine }) => engine.dispose())
  }

  #batch(round: number, lane: number, sequence: number): Batch {
    const { batches, conspiracy } = this.#training
    const drawn = batches({ round, lane, sequence })
    const { vocabulary } = this.#manifest.model
    return conspiracy?.lies(lane) === true ? conspiracy.batch({ round, batch: drawn, vocabulary }) : drawn
  }

  /** Forward through the lane's replicas, loss at the head, and the gradients back up. */
  async #microBatch(lane: number, { tokens, targets }: Batch): Promise<number> {
    const inputs = [tokens]
    for (const { replicas } of this.#stages.slice(0, -1)) {
      inputs.push(await replicas[lane]!.engine.forward(inputs.at(-1)!))
    }
    const { loss, inputGradient } = await this.#last(lane).engine.head(inputs.at(-1)!, targets, 'lane')
    let gradient = inputGradient
    for (let index = this.#stages.length - 2; index >= 0 && gradient !== null; index--) {
      const replica = this.#stages[index]!.replicas[lane]!
      gradient = await replica.engine.backward(inputs[index]!, this.#clipped(replica, gradient), 'lane')
    }
    return loss
  }

  /** @returns commits that the door refused */
  async #step(stage: Stage, round: number, counts: readonly number[]): Promise<number> {
    const honest: Commit[] = []
    for (const [lane, replica] of stage.replicas.entries()) {
      replica.clip = endClipRound(replica.clip)
      // A replica without a micro-batch is idle: it commits nothing.
      if (counts[lane] === 0) continue
      honest.push({ lane, ...(await replica.engine.commit(counts[lane]!, false)) })
    }
    const commits = await this.#taken(stage, this.#told(stage, round, honest))
    const aggregate = await this.#aggregate(stage, round, commits)
    for (const { engine } of stage.replicas) {
      const { accepted } = await engine.execute(round, aggregate, false)
      if (!accepted) throw new Error(`round ${round}: the step is not finite`)
      await engine.promote()
    }
    if (this.#training.conspiracy !== null) stage.previousAggregate = joined(aggregate)
    return honest.length - commits.length
  }

  /** The commits as they are told: those of liars are forged. */
  #told({ index, replicas, previousAggregate }: Stage, round: number, commits: readonly Commit[]): readonly Commit[] {
    const { conspiracy } = this.#training
    if (conspiracy === null) return commits
    const told = conspiracy.commits({
      stage: index,
      round,
      own: commits.map(commit => ({ lane: commit.lane, vector: this.#decoded(commit) })),
      seats: replicas.length,
      previousAggregate,
    })
    return commits.map((commit, at) =>
      conspiracy.lies(commit.lane) ? { ...commit, bytes: this.#encoded(told[at]!, commit) } : commit,
    )
  }

  /** Those whose every partition passes the door of an honest replica. */
  async #taken({ replicas }: Stage, commits: readonly Commit[]): Promise<readonly Commit[]> {
    const { engine } = replicas.at(-1)!
    const taken: Commit[] = []
    for (const commit of commits) {
      let passes = true
      for (let partition = 0; passes && partition < engine.shape.partitions; partition++) {
        passes = await engine.checkPartition(partition, partOf(commit, partition))
      }
      if (passes) taken.push(commit)
    }
    return taken
  }

  /** Of what the door let in, no rule makes anything that is out of bounds, so there is no SKIP. */
  async #aggregate({ replicas }: Stage, round: number, commits: readonly Commit[]): Promise<Uint8Array[]> {
    const { engine } = replicas.at(-1)!
    const aggregate: Uint8Array[] = []
    for (let partition = 0; partition < engine.shape.partitions; partition++) {
      const inputs = commits.map(commit => partOf(commit, partition))
      const combined = await engine.aggregate(partition, inputs)
      if (combined === null) throw new Error(`round ${round}: partition ${partition} is out of bounds`)
      aggregate.push(combined)
    }
    return aggregate
  }

  /** The values of a commit; each partition is a tensor of its own. */
  #decoded({ bytes, offsets }: Commit): Float32Array {
    const codec = codecOf(this.#manifest.encoding.gradient)
    const parts = offsets.slice(1).map((end, partition) => {
      const part = bytes.subarray(offsets[partition], end)
      const values = codec.decode(part, codec.valuesIn(part.length))
      if (isRefusal(values)) throw new RangeError(values.detail)
      return bytesOf(values)
    })
    return joined(parts)
  }

  #encoded(values: Float32Array, { offsets }: Commit): Uint8Array {
    const codec = codecOf(this.#manifest.encoding.gradient)
    const bytes = new Uint8Array(offsets.at(-1)!)
    let first = 0
    for (const [partition, end] of offsets.slice(1).entries()) {
      const start = offsets[partition]!
      const count = codec.valuesIn(end - start)
      bytes.set(codec.encode(values.slice(first, first + count)), start)
      first += count
    }
    return bytes
  }

  #clipped(replica: Replica, gradient: Uint8Array): Uint8Array {
    const encoding = this.#manifest.encoding.activation
    const norm = normOf(gradient, encoding)
    replica.clip = observeNorm(replica.clip, norm)
    const factor = clipFactor(replica.clip, norm)
    return factor < 1 ? scaled(gradient, factor, encoding) : gradient
  }

  #last(lane: number): Replica {
    return this.#stages.at(-1)!.replicas[lane]!
  }

  async #everywhere(task: (replica: Replica) => Promise<void>): Promise<void> {
    for (const { replicas } of this.#stages) for (const replica of replicas) await task(replica)
  }
}

function partOf({ bytes, offsets }: Commit, partition: number): Uint8Array {
  return bytes.subarray(offsets[partition], offsets[partition + 1])
}

function joined(parts: readonly Uint8Array[]): Float32Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return floatsOf(whole)
}
