/** Engines of stages in threads, with micro-batches that do not divide evenly. */
import { Worker } from 'node:worker_threads'
import { loadKernels } from '../../../../../node/engine/kernels/index.ts'
import { dealHands } from '../../../../../node/engine/partition/index.ts'
import type { EngineInit, FromWorker } from '../../../../../node/engine/runtime/channel.ts'
import { type Compute, openCompute } from '../../../../../node/engine/runtime/encoded-compute.ts'
import { shareMemory } from '../../../../../node/engine/runtime/hands/shared.ts'
import {
  createStageEngine,
  type EngineManifest,
  planStage,
  type StageEngine,
  type StageEngineInit,
  type StageInit,
} from '../../../../../node/engine/runtime/index.ts'
import { findWorker } from '../../../../../node/engine/runtime/worker-url.ts'
import { random } from '../../support.ts'
import { makeManifest, SMALL, stageInits } from '../support.ts'

/** Three stages: first, middle, last. Five sequences: 3 + 2, or 2 + 2 + 1. */
export const MANIFEST: EngineManifest = {
  ...makeManifest({ ...SMALL, layers: 3 }),
  batch: { sequences: 5, target: 1, slack: 1 },
}

export const FIRST = 0
export const MIDDLE = 1
export const LAST = 2

const [first, middle, last] = stageInits(3, MANIFEST)
const INITS: readonly StageInit[] = [first!, middle!, last!]

export const TOKENS = MANIFEST.batch.sequences * MANIFEST.model.sequence

export function openStage(stage: number, threads: number, more: Partial<StageEngineInit> = {}): Promise<StageEngine> {
  return createStageEngine({ ...INITS[stage]!, threads, ...more })
}

/** The compute thread's work on this thread, where a test can step in; its other hands in threads. */
export async function openHere(stage: number, threads: number): Promise<{ compute: Compute; end(): Promise<void> }> {
  const init = { ...INITS[stage]!, threads }
  const { manifest, cut } = init
  const deal = dealHands({
    model: manifest.model,
    cut,
    sequences: manifest.batch.sequences,
    threads,
    memoryBytes: null,
  })
  const engine: EngineInit = { init, kernels: await loadKernels(), shared: shareMemory(deal, planStage(init)) }
  const workers = deal.shares
    .slice(1)
    .map((_, at) => new Worker(findWorker(), { workerData: { ...engine, hand: at + 1 } }))
  const compute = openCompute(engine)
  await Promise.all(workers.map(worker => new Promise<FromWorker>(resolve => worker.once('message', resolve))))
  const exits = workers.map(worker => new Promise(resolve => worker.once('exit', resolve)))
  return {
    compute: await compute,
    async end() {
      await (await compute).dispose()
      await Promise.all(exits)
    },
  }
}

export function tokens(seed: number): Uint8Array {
  const draw = random(seed)
  return Uint8Array.from({ length: TOKENS }, () => Math.floor(draw() * MANIFEST.model.vocabulary))
}

/** A boundary tensor of f32. */
export function tensor(seed: number, scale: number): Uint8Array {
  const draw = random(seed)
  const values = Float32Array.from({ length: TOKENS * MANIFEST.model.width }, () => scale * (draw() - 0.5))
  return new Uint8Array(values.buffer)
}

export function floats(bytes: Uint8Array): number[] {
  return Array.from(new Float32Array(bytes.slice().buffer))
}
