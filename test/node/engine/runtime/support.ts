/** Engines of a small model on the real corpus, and a swarm of one replica a stage. */

import { type Batch, type Corpus, loadCorpus, microBatch } from '../../../../node/data/index.ts'
import { cutModel } from '../../../../node/engine/partition/index.ts'
import type { EngineManifest, StageEngine, StageInit } from '../../../../node/engine/runtime/index.ts'
import type { ModelConfig } from '../../../../protocols/wire/manifest.ts'

export const SMALL: ModelConfig = {
  preset: 'test',
  layers: 2,
  width: 32,
  heads: 2,
  feedForward: 64,
  vocabulary: 256,
  sequence: 32,
}

export function makeManifest(model: ModelConfig = SMALL): EngineManifest {
  return {
    model,
    batch: { sequences: 4, target: 2, slack: 1.5 },
    optimizer: {
      name: 'adamw',
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-8,
      weightDecay: 0.1,
      learningRate: 4e-3,
      warmupRounds: 5,
      decayRounds: 200,
      learningRateFloor: 4e-4,
      secondMoment: 'difference',
      aggregateClip: 1,
      backwardClip: 2,
    },
    aggregation: { rule: 'mean', f: 0, bound: 1e4 },
    seed: 7,
    encoding: { gradient: 'f32', activation: 'f32' },
  }
}

export function stageInits(stages: number, manifest: EngineManifest = makeManifest(), replicas = 1): StageInit[] {
  return cutModel(manifest.model, stages, manifest.batch.sequences).map(cut => ({
    manifest,
    cut,
    replicas,
    threads: 1,
  }))
}

export async function makeBatches(
  manifest: EngineManifest,
): Promise<{ corpus: Corpus; draw(round: number, k: number): Batch }> {
  const corpus = await loadCorpus('moby-dick')
  const shape = { sequences: manifest.batch.sequences, sequence: manifest.model.sequence }
  return {
    corpus,
    draw: (round, sequence) => microBatch(corpus, { seed: manifest.seed }, { round, source: 'test', sequence }, shape),
  }
}

/** One micro-batch through the pipeline and back, all into the lane. @returns the loss */
export async function trainMicroBatch(engines: readonly StageEngine[], { tokens, targets }: Batch): Promise<number> {
  const inputs = [tokens]
  for (const engine of engines.slice(0, -1)) inputs.push(await engine.forward(inputs.at(-1)!))
  const { loss, inputGradient } = await engines.at(-1)!.head(inputs.at(-1)!, targets, 'lane')
  let gradient = inputGradient
  for (let stage = engines.length - 2; stage >= 0; stage--) {
    gradient = await engines[stage]!.backward(inputs[stage]!, gradient!, 'lane')
  }
  return loss
}

/** Commits, aggregates one's own commitment alone, executes and promotes. @returns the full root where asked for */
export async function closeRound(
  engine: StageEngine,
  round: number,
  count: number,
  wantFullRoot = false,
): Promise<Uint8Array | null> {
  const { bytes, offsets } = await engine.commit(count, false)
  const partitions = offsets.slice(1).map((end, p) => bytes.subarray(offsets[p], end))
  const aggregate = await Promise.all(partitions.map((own, p) => engine.aggregate(p, [own])))
  const { fullRoot } = await engine.execute(
    round,
    aggregate.map(part => part!),
    wantFullRoot,
  )
  await engine.promote()
  await engine.beginRound()
  return fullRoot
}

/** @returns the mean loss of each round */
export async function train(
  engines: readonly StageEngine[],
  manifest: EngineManifest,
  rounds: number,
): Promise<number[]> {
  const { draw } = await makeBatches(manifest)
  const losses: number[] = []
  for (let round = 1; round <= rounds; round++) {
    let sum = 0
    for (let k = 0; k < manifest.batch.target; k++) sum += await trainMicroBatch(engines, draw(round, k))
    for (const engine of engines) await closeRound(engine, round, manifest.batch.target)
    losses.push(sum / manifest.batch.target)
  }
  return losses
}
