/**
 * Names, shapes and initialisation of a stage's parameters. Shapes are GPT-2's (Radford et al. 2019, section 2.3); the start
 * values are for runs of a hundred large rounds: a step of AdamW moves a weight by the learning rate at most, so what starts
 * much smaller than it has to become costs rounds that nothing else can save.
 */
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

const POSITION_STD = 0.02
const HEAD_STD = 0.02

/** Ten steps at the peak rate do not yet drown what tells one token from another. */
const TOKEN_STD = 0.2

/** Of linear layers, times the square root of the width: 0.059 at d128, 0.029 at d512. */
const LINEAR_STD = 2 / 3

const ZERO: Initialisation = { kind: 'constant', value: 0 }
const ONE: Initialisation = { kind: 'constant', value: 1 }

function normal(std: number): Initialisation {
  return { kind: 'normal', std }
}

/** The stage's parameters in manifest order, which is the order in which the forward uses them. */
export function stageParameters(config: ModelConfig, cut: StageCut): ParameterSpec[] {
  const { width, vocabulary, sequence } = config
  const specs: ParameterSpec[] = []
  if (cut.hasEmbedding) {
    specs.push({ name: TOKEN_EMBEDDING, shape: [vocabulary, width], init: normal(TOKEN_STD) })
    specs.push({ name: POSITION_EMBEDDING, shape: [sequence, width], init: normal(POSITION_STD) })
  }
  for (let block = cut.firstBlock; block < cut.endBlock; block++) specs.push(...blockParameters(config, block))
  if (cut.hasHead) {
    specs.push(...normParameters('norm', width))
    specs.push({ name: HEAD, shape: [width, vocabulary], init: normal(HEAD_STD) })
  }
  return specs
}

function blockParameters(config: ModelConfig, block: number): ParameterSpec[] {
  const { width, feedForward, layers } = config
  const std = LINEAR_STD / Math.sqrt(width)
  // Each block adds to the residual stream twice; this keeps its variance at initialisation independent of the depth.
  const residual = normal(std / Math.sqrt(2 * layers))
  const name = `block.${block}`
  return [
    ...normParameters(`${name}.norm1`, width),
    ...linearParameters(`${name}.attention.query`, width, width, normal(std)),
    ...linearParameters(`${name}.attention.key`, width, width, normal(std)),
    ...linearParameters(`${name}.attention.value`, width, width, normal(std)),
    ...linearParameters(`${name}.attention.projection`, width, width, residual),
    ...normParameters(`${name}.norm2`, width),
    ...linearParameters(`${name}.feedForward.up`, width, feedForward, normal(std)),
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
