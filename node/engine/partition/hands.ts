/**
 * How the threads of a stage's engine share a micro-batch. Operators of small models do not divide well, whole sequences do:
 * so each hand (a thread with graphs of its own) takes some of the sequences, and what is left of the threads divides
 * operators. A hand beside the first costs memory; a stage too large for many hands has products large enough to be divided.
 */
import type { ModelConfig } from '../../../protocols/wire/manifest.ts'
import type { StageCut } from '../models/parameters.ts'
import { parametersOf, stageBytes } from './model.ts'

const MIB = 1024 * 1024
const F32_BYTES = 4

/**
 * Memory that all hands beside the first may take together, in bytes. At 1.2 M parameters of a stage it is seven hands, at 6 M
 * three, at 19 M one, and beyond that none: such a stage's products have a thousand rows and columns, which threads of one
 * operator divide well.
 */
export const MAX_HANDS_BYTES = 512 * MIB

/** Vectors as long as the parameters: what all hands read, and what passes between them. */
const SHARED_VECTORS = 2

/** Gradient, two accumulators, and the copy that ONNX Runtime makes of the gradients it gives. */
const VECTORS_A_HAND = 4

/** Boundary tensors of the micro-batch: input, output and their gradients. */
const SHARED_TENSORS = 4

/** A thread's program, JavaScript heap and sessions, in bytes: measured (docs/reference/measurements.md, "Two threads"). */
const THREAD_BYTES = 52 * MIB

export interface DealtStage {
  readonly model: ModelConfig
  readonly cut: StageCut
  /** Of a micro-batch. */
  readonly sequences: number
  readonly threads: number
  /** What the machine gives to the stage, hands and all; null: whatever it takes. */
  readonly memoryBytes: number | null
}

export interface Deal {
  /** Sequences of each hand, in order; the first hand's is the compute thread's. */
  readonly shares: readonly number[]
  /** Threads of one operation, in each hand. */
  readonly threads: number
  /** Memory that the hands take beside what the stage takes with one thread. */
  readonly bytes: number
}

/** As many hands as there are threads, sequences and memory for; fewer where all wait for the largest share anyway. */
export function dealHands(stage: DealtStage): Deal {
  const { model, cut, sequences, threads, memoryBytes } = stage
  const room = memoryBytes === null ? MAX_HANDS_BYTES : memoryBytes - stageBytes(model, cut, sequences)
  for (let most = Math.min(threads, sequences); most > 1; most--) {
    const hands = Math.ceil(sequences / Math.ceil(sequences / most))
    const bytes = handsBytes(stage, hands)
    if (bytes > Math.min(room, MAX_HANDS_BYTES)) continue
    return { shares: evenShares(sequences, hands), threads: Math.floor(threads / hands), bytes }
  }
  return { shares: [sequences], threads, bytes: 0 }
}

function handsBytes({ model, cut, sequences }: DealtStage, hands: number): number {
  const vector = F32_BYTES * parametersOf(model, cut)
  const tensor = F32_BYTES * sequences * model.sequence * model.width
  // Activations are not counted again: the shares' are together those of the micro-batch.
  const others = (hands - 1) * (VECTORS_A_HAND * vector + THREAD_BYTES)
  // Rows of the embedding's gradient stand in for one more tensor, shared out.
  return SHARED_VECTORS * vector + (SHARED_TENSORS + 1) * tensor + others
}

function evenShares(sequences: number, hands: number): number[] {
  return Array.from(
    { length: hands },
    (_, hand) => Math.ceil(((hand + 1) * sequences) / hands) - Math.ceil((hand * sequences) / hands),
  )
}
