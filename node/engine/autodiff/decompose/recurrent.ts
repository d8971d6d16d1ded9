/** LSTM, GRU and RNN written out step by step: the number of steps is static. Gates are named as in the ONNX specification. */
import type { Node } from '../../onnx/index.ts'
import { intAttribute, textAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import type { Operators } from '../operators.ts'
import { range } from '../shape.ts'
import { type Activation, activationsOf } from './activations.ts'
import type { Decomposition } from './types.ts'

/** Beyond, the graph would have more nodes than a session should be made of. */
const MAX_STEPS = 1024

/** What one direction of a layer computes with; matrices are [gates * hidden, width]. */
interface Direction {
  readonly g: Operators
  readonly node: Node
  /** Inputs times their weights plus both biases (GRU: the input's alone), a value [batch, gates * hidden] a step. */
  readonly steps: readonly Value[]
  readonly recurrence: Value
  /** Bias of the recurrence, [gates * hidden]. */
  readonly bias: Value
  /** Weights of the cell's state in the gates i, o and f, [3 * hidden]. */
  readonly peephole: Value | null
  readonly hidden: number
  /** Named f, g and h in the specification. */
  readonly activations: readonly Activation[]
}

type State = readonly Value[]
/** The state after a step; its first value is the hidden one. */
type Step = (direction: Direction, input: Value, state: State) => State

export const longShortTermMemory: Decomposition = recurrent(4, 2, ['Sigmoid', 'Tanh', 'Tanh'], (d, input, [h, c]) => {
  const { g } = d
  const [f1, g1, h1] = d.activations as [Activation, Activation, Activation]
  const [i, o, f, next] = gates(g, g.one('Gemm', [h!, d.recurrence, input], { transB: 1 }), d.hidden)
  const looks = d.peephole === null ? null : g.split(d.peephole, 0, [d.hidden, d.hidden, d.hidden])
  const gate = (value: Value, which: number, state: Value) =>
    f1(g, looks === null ? value : g.add(value, g.mul(looks[which]!, state)))
  const kept = g.mul(gate(f!, 2, c!), c!)
  const cell = g.add(kept, g.mul(gate(i!, 0, c!), g1(g, next!)))
  return [g.mul(gate(o!, 1, cell), h1(g, cell)), cell]
})

export const gatedRecurrentUnit: Decomposition = recurrent(3, 1, ['Sigmoid', 'Tanh'], (d, input, [h]) => {
  const { g, hidden } = d
  const [gate, last] = d.activations as [Activation, Activation]
  const [inputZ, inputR, inputH] = gates(g, input, hidden)
  const resetsAfter = intAttribute(d.node, 'linear_before_reset', 0) === 1
  const recurrent = gates(g, g.one('Gemm', [h!, d.recurrence, d.bias], { transB: 1 }), hidden)
  const z = gate(g, g.add(inputZ!, recurrent[0]!))
  const r = gate(g, g.add(inputR!, recurrent[1]!))
  const third = (value: Value) => g.slice(value, 0, 2 * hidden, 3 * hidden)
  const fromState = resetsAfter
    ? g.mul(r, recurrent[2]!)
    : g.one('Gemm', [g.mul(r, h!), third(d.recurrence), third(d.bias)], { transB: 1 })
  const proposal = last(g, g.add(inputH!, fromState))
  return [g.add(proposal, g.mul(z, g.sub(h!, proposal)))]
})

export const plainRecurrence: Decomposition = recurrent(1, 1, ['Tanh'], (d, input, [h]) => [
  d.activations[0]!(d.g, d.g.one('Gemm', [h!, d.recurrence, input], { transB: 1 })),
])

/** Inputs X [steps, batch, width], W, R [directions, gates * hidden, ..], B, lengths [batch], initial states, peepholes. */
function recurrent(gateCount: number, stateCount: number, activations: readonly string[], step: Step): Decomposition {
  return (g, node, [input, w, r, b, lengths, ...rest]) => {
    const isBatchFirst = intAttribute(node, 'layout', 0) === 1
    const x = input && isBatchFirst ? g.transpose(input, [1, 0, 2]) : input
    const initial = rest
      .slice(0, stateCount)
      .map(state => (state && isBatchFirst ? g.transpose(state, [1, 0, 2]) : state))
    const peepholes = rest[stateCount] ?? null
    if (!x || !w || !r || !isPlain(node) || x.shape[0]! > MAX_STEPS) return null
    const chosen = activationsOf(node, activations, w.shape[0]!)
    if (chosen === null) return null
    const [length, batch] = x.shape as [number, number, number]
    const [count, hidden] = [w.shape[0]!, r.shape[2]!]
    const results = range(count).map(at => {
      const part = (value: Value) => g.reshape(g.slice(value, 0, at, at + 1), value.shape.slice(1))
      const biases = b ? part(b) : g.zeros(x.type, [2 * gateCount * hidden])
      const [inputBias, bias] = g.split(biases, 0, [gateCount * hidden, gateCount * hidden])
      const both = gateCount === 3 ? inputBias! : g.add(inputBias!, bias!)
      const all = g.add(g.product(g.asMatrix(x), part(w), { transposeB: true }), both)
      const steps = g.split(all, 0, new Array<number>(length).fill(batch))
      const start = range(stateCount).map(state => {
        const given = initial[state]
        return given ? part(given) : g.zeros(x.type, [batch, hidden])
      })
      const isReversed = textAttribute(node, 'direction', 'forward') === 'reverse' || at === 1
      const peephole = peepholes && part(peepholes)
      const own = chosen.slice(at * activations.length)
      const direction = { g, node, steps, recurrence: part(r), bias: bias!, peephole, hidden, activations: own }
      return run(direction, step, start, isReversed, lengths ?? null)
    })
    const sequence = g.concat(
      results.map(({ outputs }) => g.reshape(g.concat(outputs, 0), [length, 1, batch, hidden])),
      1,
    )
    const last = range(stateCount).map(state =>
      g.concat(
        results.map(result => g.reshape(result.state[state]!, [1, batch, hidden])),
        0,
      ),
    )
    if (!isBatchFirst) return [sequence, ...last]
    return [g.transpose(sequence, [2, 0, 1, 3]), ...last.map(state => g.transpose(state, [1, 0, 2]))]
  }
}

/** Beyond a sequence's length its state stays, and its output is 0. */
function run(direction: Direction, step: Step, start: State, isReversed: boolean, lengths: Value | null) {
  const { g, steps } = direction
  const outputs = new Array<Value>(steps.length)
  let state = start
  for (const at of isReversed ? range(steps.length).reverse() : range(steps.length)) {
    const next = step(direction, steps[at]!, state)
    if (lengths === null) {
      state = next
      outputs[at] = next[0]!
    } else {
      const within = g.reshape(g.one('Greater', [lengths, g.scalar(at, lengths.type)]), [lengths.shape[0]!, 1])
      outputs[at] = g.keepWhere(within, next[0]!)
      state = next.map((value, index) => g.one('Where', [within, value, state[index]!]))
    }
  }
  return { outputs, state }
}

/** No clipping, no coupled gates. */
function isPlain(node: Node): boolean {
  return !node.attributes.has('clip') && intAttribute(node, 'input_forget', 0) === 0
}

function gates(g: Operators, value: Value, hidden: number): Value[] {
  return g.split(value, 1, new Array<number>(value.shape[1]! / hidden).fill(hidden))
}
