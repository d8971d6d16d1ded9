/**
 * The GPT-2 architecture (Radford et al. 2019; layout as in nanoGPT's model.py), written in the operators of the builder:
 * learned positions, pre-norm blocks of attention and GELU feed-forward, a final norm and an untied head. Each head has a
 * constant bias (`attention-bias.ts`). Rows are tokens: activations are [sequences * sequence, width], so every linear layer
 * is one large matrix product.
 */
import type { ModelConfig } from '../../../protocols/wire/manifest.ts'
import type { Operators, Value } from '../autodiff/index.ts'
import { floatTensor } from '../onnx/index.ts'
import { attentionBias } from './attention-bias.ts'
import type { Dialect } from './dialect.ts'
import { HEAD, POSITION_EMBEDDING, TOKEN_EMBEDDING } from './parameters.ts'

/** What the parts of a model are built with. */
export interface GptBuilder {
  readonly g: Operators
  readonly dialect: Dialect
  readonly config: ModelConfig
  readonly parameter: (name: string) => Value
}

const NORM_EPSILON = 1e-5

/** With it the sigmoid stands closest to the normal distribution's. */
const GELU_SLOPE = 1.702

/** @returns the looked up rows of the token table, and the activation [tokens, width] that enters the first block */
export function embed(b: GptBuilder, tokens: Value): { rows: Value; x: Value } {
  const { g, config } = b
  const { sequence, width } = config
  const sequences = tokens.shape[0]! / sequence
  const rows = g.one('Gather', [b.parameter(TOKEN_EMBEDDING), tokens], { axis: 0 })
  const placed = g.add(g.reshape(rows, [sequences, sequence, width]), b.parameter(POSITION_EMBEDDING))
  return { rows, x: g.reshape(placed, [sequences * sequence, width]) }
}

export function block(b: GptBuilder, index: number, x: Value): Value {
  const name = `block.${index}`
  const attended = b.g.add(x, attention(b, `${name}.attention`, norm(b, `${name}.norm1`, x)))
  return b.g.add(attended, feedForward(b, `${name}.feedForward`, norm(b, `${name}.norm2`, attended)))
}

/** Logits [tokens, vocabulary]. */
export function head(b: GptBuilder, x: Value): Value {
  return b.g.product(norm(b, 'norm', x), b.parameter(HEAD))
}

function attention(b: GptBuilder, name: string, x: Value): Value {
  const { g, config } = b
  const { width, heads, sequence } = config
  const sequences = x.shape[0]! / sequence
  const headWidth = width / heads
  // Three products instead of one of three times the width: cutting that apart again costs more than it saves.
  const [q, k, v] = ['query', 'key', 'value'].map(part => {
    const rows = g.reshape(linear(b, `${name}.${part}`, x), [sequences, sequence, heads, headWidth])
    return g.transpose(rows, [0, 2, 1, 3])
  })
  const scores = b.dialect.scaledScores(g, q!, k!, 1 / Math.sqrt(headWidth))
  const weights = g.one('Softmax', [g.add(scores, bias(g, config))], { axis: -1 })
  const mixed = g.transpose(g.product(weights, v!), [0, 2, 1, 3])
  return linear(b, `${name}.projection`, g.reshape(mixed, [sequences * sequence, width]))
}

/**
 * down(GELU(up(x))) with the sigmoid form of the GELU, h sigmoid(1.702 h) (Hendrycks and Gimpel 2016, section 2). In
 * w = 1.702 h it is w sigmoid(w) / 1.702: the matrix products before and after scale at no cost, and forward and backward
 * pass six times over the widest tensor where the exact form needs ten passes, two of them through erf and exp.
 */
function feedForward(b: GptBuilder, name: string, x: Value): Value {
  const w = linear(b, `${name}.up`, x, { product: GELU_SLOPE, bias: GELU_SLOPE })
  return linear(b, `${name}.down`, b.dialect.gate(b.g, w), { product: 1 / GELU_SLOPE, bias: 1 })
}

function norm(b: GptBuilder, name: string, x: Value): Value {
  const inputs = [x, b.parameter(`${name}.weight`), b.parameter(`${name}.bias`)]
  return b.g.one('LayerNormalization', inputs, { axis: -1, epsilon: { float: NORM_EPSILON } })
}

/** product * (x @ weight) + bias * bias. */
function linear(b: GptBuilder, name: string, x: Value, factors = { product: 1, bias: 1 }): Value {
  const inputs = [x, b.parameter(`${name}.weight`), b.parameter(`${name}.bias`)]
  return b.g.one('Gemm', inputs, { alpha: { float: factors.product }, beta: { float: factors.bias } })
}

/** One constant for all blocks of a graph. */
function bias(g: Operators, { heads, sequence }: ModelConfig): Value {
  const name = 'attention-bias'
  return g.find(name) ?? g.constant(floatTensor(name, [heads, sequence, sequence], attentionBias(heads, sequence)))
}
