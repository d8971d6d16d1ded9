/** Names, shapes and initialisation of a stage's parameters (GPT-2: Radford et al. 2019, section 2.3). */
import type { ModelConfig } from '../../../protocols/wire/manifest.ts'

export type Initialisation =
  | { readonly kind: 'normal'; readonly std: number }
  | { readonly kind: 'constant'; readonly value: number }

export interface ParameterSpec {
  readonly name: string
  readonly shape: readonly number[]
  readonly init: Initialisation
}

/** A contiguous part of the model: blocks [firstBlock, endBlock), with the embedding in front or the head behind it. */
export interface StageCut {
  readonly index: number
  readonly stages: number
  readonly firstBlock: number
  readonly endBlock: number
  readonly hasEmbedding: boolean
  readonly hasHead: boolean
}

export const TOKEN_EMBEDDING = 'embedding.token'
export const POSITION_EMBEDDING = 'embedding.position'
export const HEAD = 'head.weight'

const WEIGHT_STD = 0.02
const ZERO: Initialisation = { kind: 'constant', value: 0 }
const ONE: Initialisation = { kind: 'constant', value: 1 }
const NORMAL: Initialisation = { kind: 'normal', std: WEIGHT_STD }

/** The stage's parameters in manifest order, which is the order in which the forward uses them. */
export function stageParameters(config: ModelConfig, cut: StageCut): ParameterSpec[] {
  const { width, vocabulary, sequence } = config
  const specs: ParameterSpec[] = []
  if (cut.hasEmbedding) {
    specs.push({ name: TOKEN_EMBEDDING, shape: [vocabulary, width], init: NORMAL })
    specs.push({ name: POSITION_EMBEDDING, shape: [sequence, width], init: NORMAL })
  }
  for (let block = cut.firstBlock; block < cut.endBlock; block++) specs.push(...blockParameters(config, block))
  if (cut.hasHead) {
    specs.push(...normParameters('norm', width))
    specs.push({ name: HEAD, shape: [width, vocabulary], init: NORMAL })
  }
  return specs
}

function blockParameters(config: ModelConfig, block: number): ParameterSpec[] {
  const { width, feedForward, layers } = config
  // Each block adds to the residual stream twice; this keeps its variance at initialisation independent of the depth.
  const residual: Initialisation = { kind: 'normal', std: WEIGHT_STD / Math.sqrt(2 * layers) }
  const name = `block.${block}`
  return [
    ...normParameters(`${name}.norm1`, width),
    ...linearParameters(`${name}.attention.query`, width, width, NORMAL),
    ...linearParameters(`${name}.attention.key`, width, width, NORMAL),
    ...linearParameters(`${name}.attention.value`, width, width, NORMAL),
    ...linearParameters(`${name}.attention.projection`, width, width, residual),
    ...normParameters(`${name}.norm2`, width),
    ...linearParameters(`${name}.feedForward.up`, width, feedForward, NORMAL),
    ...linearParameters(`${name}.feedForward.down`, feedForward, width, residual),
  ]
}

function normParameters(name: string, width: number): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape: [width], init: ONE },
    { name: `${name}.bias`, shape: [width], init: ZERO },
  ]
}

/** `x @ weight + bias`: weights are stored [in, out]. */
function linearParameters(name: string, input: number, output: number, init: Initialisation): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape: [input, output], init },
    { name: `${name}.bias`, shape: [output], init: ZERO },
  ]
}
