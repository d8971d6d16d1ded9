/** The model presets, and the check that every configuration from a manifest passes before anything is built from it. */
import type { ModelConfig } from '../../../protocols/wire/manifest.ts'

const GPT_BYTES = { vocabulary: 256, sequence: 128 }

/** GPT-2 architecture on bytes. `gpt-tiny` has 0.88 M parameters and `gpt-small` 38 M. */
export const PRESETS: Readonly<Record<string, ModelConfig>> = {
  'gpt-tiny': { preset: 'gpt-tiny', layers: 4, width: 128, heads: 4, feedForward: 512, ...GPT_BYTES },
  'gpt-small': { preset: 'gpt-small', layers: 12, width: 512, heads: 8, feedForward: 2048, ...GPT_BYTES },
}

/** Smallest and largest value of each size: beyond these a graph cannot be built in memory on any machine of the swarm. */
const BOUNDS = {
  layers: [1, 256],
  width: [4, 16_384],
  heads: [1, 256],
  feedForward: [4, 65_536],
  vocabulary: [2, 262_144],
  sequence: [1, 8_192],
} as const

/** 275 GB of f32: each size is within its bound, but their product must stay something that a swarm could hold. */
const MAX_PARAMETERS = 2 ** 36

/** Null when the configuration can be built, else one sentence that says what is wrong with it. */
export function validateModel(config: ModelConfig): string | null {
  for (const [name, [low, high]] of Object.entries(BOUNDS)) {
    const value = config[name as keyof typeof BOUNDS]
    if (!Number.isInteger(value) || value < low || value > high) {
      return `The model's ${name} is ${value}, but it must be a whole number from ${low} to ${high}.`
    }
  }
  if (config.width % config.heads !== 0) {
    return `The model's width ${config.width} is not a multiple of its ${config.heads} heads.`
  }
  const parameters = countParameters(config)
  if (parameters > MAX_PARAMETERS)
    return `The model has ${parameters} parameters; the most that is supported is ${MAX_PARAMETERS}.`
  return null
}

/** Parameters of the whole model. */
export function countParameters(config: ModelConfig): number {
  const { layers, width, feedForward, vocabulary, sequence } = config
  const attention = 4 * width * width + 4 * width
  const feed = 2 * width * feedForward + feedForward + width
  const norms = 4 * width
  return (vocabulary + sequence) * width + layers * (attention + feed + norms) + 2 * width + width * vocabulary
}
